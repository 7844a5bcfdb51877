#include <reverie/models/fit_schedule.h>

#include <reverie/core/archive.h>
#include <reverie/core/error.h>

#include <algorithm>

namespace reverie {

namespace {

/// Cumulative weights of `rows`, from 0 to 1. Where none has any, all alike.
Tensor cumulative(const Tensor& weights, const Tensor& rows) {
  Tensor chosen = weights.to(torch::kCPU, torch::kFloat64).index_select(0, rows);
  if (chosen.sum().item<double>() <= 0) chosen.fill_(1);
  const Tensor sum = chosen.cumsum(0);
  return sum / sum[-1];
}

/// As many of `rows`, drawn with replacement.
Tensor drawn(const Tensor& rows, const Tensor& cumulative, RandomStream& random) {
  const Tensor at = random.uniform(rows.sizes(), 0, 1).to(torch::kFloat64);
  const Tensor place = torch::searchsorted(cumulative, at, /*out_int32=*/false, /*right=*/true);
  return rows.index_select(0, place.clamp_max(rows.size(0) - 1));
}

}  // namespace

FitSchedule::FitSchedule(const FitConfig& config, int64_t rows, int64_t epochs, RandomStream random,
                         const Tensor& sampling)
    : first_rate_(config.learning_rate),
      last_rate_(config.learning_rate * config.end_factor),
      persistence_(config.persistence),
      epochs_(epochs),
      random_(std::move(random)) {
  const auto held_out = static_cast<int64_t>(config.holdout * static_cast<double>(rows));
  const auto order = random_.permutation(rows);
  holdout_ = order.narrow(0, 0, held_out);
  train_ = order.narrow(0, held_out, rows - held_out);
  if (sampling.defined()) {
    cumulative_ = cumulative(sampling, train_);
    if (held_out > 0) holdout_ = drawn(holdout_, cumulative(sampling, holdout_), random_);
  }
  epoch_rows_ = train_.size(0);
  if (config.epoch_rows > 0) epoch_rows_ = std::min(epoch_rows_, config.epoch_rows);
}

Tensor FitSchedule::shuffle() {
  if (cumulative_.defined()) return drawn(train_, cumulative_, random_).narrow(0, 0, epoch_rows_);
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
