// A member's training schedule: which rows when, with which step size, and when to stop.
#pragma once

#include <reverie/core/random.h>
#include <reverie/data/weighted_draw.h>
#include <reverie/models/fit.h>

#include <optional>

namespace reverie {

/// One member's schedule in a fit: a random split of the rows, drawn once; an order of the training
/// rows (or some of them), drawn every epoch; a step size; and the stopping rule (see `fit`).
class FitSchedule {
 public:
  /// `sampling` [rows]: the objective's (see Objective::sampling); rows are then drawn with
  /// replacement. `split_by` draws the split, where members share one (see `split_stream`).
  FitSchedule(const FitConfig& config, int64_t rows, int64_t epochs, RandomStream random,
              const Tensor& sampling = {}, std::optional<RandomStream> split_by = {});

  /// Draws the training rows [n] int64 of the next epoch, in order.
  Tensor shuffle();
  const Tensor& holdout() const { return holdout_; }

  /// Whether the holdout loss is needed after the current epoch: with early stopping, or to restore
  /// the best weights, after every epoch, otherwise only after the last.
  bool wants_holdout() const;
  /// Ends the epoch. `holdout_loss` is used only if it was wanted.
  void end_epoch(double train_loss, double holdout_loss);

  /// Adam's step size in the current epoch: linear from `learning_rate` in the first of `epochs` to
  /// `end_factor` times that in the last. A single epoch uses the first.
  double learning_rate() const;

  bool finished() const { return finished_; }
  int64_t epoch() const { return epoch_; }  ///< Completed epochs.
  /// Whether the last epoch's holdout loss is the best so far, by more than `fit.improvement`.
  bool improved() const { return best_epoch_ == epoch_; }
  /// That of the last epoch, or of the best one where its weights are restored in the end.
  double holdout_loss() const { return holdout_loss_; }
  /// Throws NonFiniteError for a loss in the current epoch, with its batch, `inputs` [n, in] and
  /// `targets` [n, out], as evidence.
  [[noreturn]] void stop_at_bad_loss(int64_t member, Tensor inputs, Tensor targets) const;
  /// Adds this member's share to the report on all `members`.
  void add_to(FitReport& report, int64_t members) const;

 private:
  void split(int64_t rows, const Tensor& sampling, RandomStream& random);
  void note_best();
  bool average_rises();

  FitConfig config_;
  int64_t epochs_;
  RandomStream random_;
  Tensor train_, holdout_;
  std::optional<WeightedDraw> by_weight_;  ///< among the training rows, where there are weights
  int64_t epoch_rows_;
  int64_t epoch_ = 0, best_epoch_ = -1;
  bool finished_ = false;
  double train_loss_ = 0, holdout_loss_ = 0, best_loss_ = 0, rolling_ = 0, previous_ = 0;
};

/// The stream that draws all members' split, with `fit.bootstrap`; otherwise nothing. `random`: the
/// fit's.
std::optional<RandomStream> split_stream(const FitConfig& config, const RandomStream& random);

}  // namespace reverie
