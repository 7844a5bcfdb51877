// When a member of the ensemble trains on what, by which steps, and when it stops.
#pragma once

#include <reverie/core/random.h>
#include <reverie/models/fit.h>

namespace reverie {

/// One member's way through a fit: a random split of the rows that it draws once, an order of the
/// training rows (or of some of them) that it draws at every epoch, a step size, and the rule that
/// ends it (see `fit`).
class FitSchedule {
 public:
  FitSchedule(const FitConfig& config, int64_t rows, int64_t epochs, RandomStream random);

  /// The training rows [n] int64 in the order of the next epoch.
  Tensor shuffle();
  const Tensor& holdout() const { return holdout_; }

  /// Whether the loss of the held-out rows is wanted after the epoch under way: each time for early
  /// stopping, otherwise at the end.
  bool wants_holdout() const;
  /// Ends the epoch. `holdout_loss` counts where it was wanted.
  void end_epoch(double train_loss, double holdout_loss);

  /// Adam's step size in the epoch under way: from `learning_rate` in the first of `epochs` down to
  /// `end_factor` of that in the last, on a line. An only epoch has the first one's.
  double learning_rate() const;

  bool finished() const { return finished_; }
  int64_t epoch() const { return epoch_; }  ///< Epochs ended.
  double holdout_loss() const { return holdout_loss_; }
  /// Throws NonFiniteError for a loss in the epoch under way, with its batch, `inputs` [n, in] and
  /// `targets` [n, out], as evidence.
  [[noreturn]] void stop_at_bad_loss(int64_t member, Tensor inputs, Tensor targets) const;
  /// Adds the member's share to what is said of all.
  void add_to(FitReport& report, int64_t members) const;

 private:
  bool average_rises();

  double first_rate_, last_rate_, persistence_;
  int64_t epochs_;
  RandomStream random_;
  Tensor train_, holdout_;
  int64_t epoch_rows_;
  int64_t epoch_ = 0;
  bool finished_ = false;
  double train_loss_ = 0, holdout_loss_ = 0, rolling_ = 0, previous_ = 0;
};

}  // namespace reverie
