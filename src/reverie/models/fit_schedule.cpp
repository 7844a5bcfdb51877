#include <reverie/models/fit_schedule.h>

#include <reverie/core/archive.h>
#include <reverie/core/error.h>

#include <algorithm>

namespace reverie {

FitSchedule::FitSchedule(const FitConfig& config, int64_t rows, int64_t epochs, RandomStream random)
    : first_rate_(config.learning_rate),
      last_rate_(config.learning_rate * config.end_factor),
      persistence_(config.persistence),
      epochs_(epochs),
      random_(std::move(random)) {
  const auto held_out = static_cast<int64_t>(config.holdout * static_cast<double>(rows));
  const auto order = random_.permutation(rows);
  holdout_ = order.narrow(0, 0, held_out);
  train_ = order.narrow(0, held_out, rows - held_out);
  epoch_rows_ = train_.size(0);
  if (config.epoch_rows > 0) epoch_rows_ = std::min(epoch_rows_, config.epoch_rows);
}

Tensor FitSchedule::shuffle() {
  train_ = train_.index_select(0, random_.permutation(train_.size(0)));
  return train_.narrow(0, 0, epoch_rows_);
}

double FitSchedule::learning_rate() const {
  if (epochs_ == 1) return first_rate_;
  const double progress = static_cast<double>(epoch_) / static_cast<double>(epochs_ - 1);
  return first_rate_ + progress * (last_rate_ - first_rate_);
}

bool FitSchedule::wants_holdout() const {
  return holdout_.size(0) > 0 && (persistence_ > 0 || epoch_ + 1 >= epochs_);
}

void FitSchedule::end_epoch(double train_loss, double holdout_loss) {
  train_loss_ = train_loss;
  const bool wanted = wants_holdout();
  finished_ = ++epoch_ >= epochs_;
  if (!wanted) return;
  holdout_loss_ = holdout_loss;
  if (persistence_ > 0 && average_rises()) finished_ = true;
}

void FitSchedule::stop_at_bad_loss(int64_t member, Tensor inputs, Tensor targets) const {
  Archive evidence;
  evidence("inputs", inputs);
  evidence("targets", targets);
  throw NonFiniteError(
      fmt::format("NaN or infinity in the model's loss (member {}, epoch {})", member, epoch_ + 1),
      evidence.bytes());
}

void FitSchedule::add_to(FitReport& report, int64_t members) const {
  const auto count = static_cast<double>(members);
  report.train_loss += train_loss_ / count;
  report.holdout_loss += holdout_loss_ / count;
  report.epochs += static_cast<double>(epoch_) / count;
  report.rows += epoch_ * epoch_rows_;
}

bool FitSchedule::average_rises() {
  if (epoch_ == 1) {
    // Losses can be negative with a Gaussian head: then "above" is a division.
    rolling_ = holdout_loss_ < 0 ? holdout_loss_ / 1.5 : holdout_loss_ * 1.5;
    previous_ = holdout_loss_ < 0 ? holdout_loss_ / 2.0 : holdout_loss_ * 2.0;
  }
  rolling_ = persistence_ * rolling_ + (1 - persistence_) * holdout_loss_;
  const bool rises = previous_ < rolling_;
  previous_ = rolling_;
  return rises;
}

}  // namespace reverie
