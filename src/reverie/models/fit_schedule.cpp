#include <reverie/models/fit_schedule.h>

#include <reverie/core/archive.h>
#include <reverie/core/error.h>

#include <algorithm>

namespace reverie {

namespace {

/// Draws among `rows`, by the weights of all.
WeightedDraw among(const Tensor& rows, const Tensor& weights) {
  return WeightedDraw(weights.to(torch::kCPU).index_select(0, rows));
}

}  // namespace

FitSchedule::FitSchedule(const FitConfig& config, int64_t rows, int64_t epochs, RandomStream random,
                         const Tensor& sampling, std::optional<RandomStream> split_by)
    : config_(config), epochs_(epochs), random_(std::move(random)) {
  split(rows, sampling, split_by ? *split_by : random_);
  if (config.bootstrap)
    train_ = train_.index_select(0, random_.below(train_.size(0), {train_.size(0)}));
  if (sampling.defined()) by_weight_ = among(train_, sampling);
  epoch_rows_ = train_.size(0);
  if (config.epoch_rows > 0) epoch_rows_ = std::min(epoch_rows_, config.epoch_rows);
}

void FitSchedule::split(int64_t rows, const Tensor& sampling, RandomStream& random) {
  auto held_out = static_cast<int64_t>(config_.holdout * static_cast<double>(rows));
  if (config_.most_holdout > 0) held_out = std::min(held_out, config_.most_holdout);
  const auto order = random.permutation(rows);
  holdout_ = order.narrow(0, 0, held_out);
  train_ = order.narrow(0, held_out, rows - held_out);
  if (sampling.defined() && held_out > 0)
    holdout_ = holdout_.index_select(0, among(holdout_, sampling)(held_out, random));
}

Tensor FitSchedule::shuffle() {
  if (by_weight_) return train_.index_select(0, (*by_weight_)(epoch_rows_, random_));
  train_ = train_.index_select(0, random_.permutation(train_.size(0)));
  return train_.narrow(0, 0, epoch_rows_);
}

double FitSchedule::learning_rate() const {
  const double first = config_.learning_rate, last = first * config_.end_factor;
  if (epochs_ == 1) return first;
  const double progress = static_cast<double>(epoch_) / static_cast<double>(epochs_ - 1);
  return first + progress * (last - first);
}

bool FitSchedule::wants_holdout() const {
  const bool each_epoch =
      config_.stop == EarlyStop::best || config_.persistence > 0 || config_.restore_best;
  return holdout_.size(0) > 0 && (each_epoch || epoch_ + 1 >= epochs_);
}

void FitSchedule::end_epoch(double train_loss, double holdout_loss) {
  train_loss_ = train_loss;
  const bool wanted = wants_holdout();
  finished_ = ++epoch_ >= epochs_;
  if (!wanted) return;
  holdout_loss_ = holdout_loss;
  note_best();
  if (config_.stop == EarlyStop::best)
    finished_ = finished_ || epoch_ - best_epoch_ > config_.patience;
  else if (config_.persistence > 0 && average_rises())
    finished_ = true;
  if (finished_ && config_.restore_best) holdout_loss_ = best_loss_;
}

void FitSchedule::note_best() {
  // A likelihood's loss may be negative: its size is what the fraction is of.
  const double least = config_.improvement * std::abs(best_loss_);
  if (best_epoch_ > 0 && best_loss_ - holdout_loss_ <= least) return;
  best_loss_ = holdout_loss_;
  best_epoch_ = epoch_;
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
  if (holdout_.size(0) > 0) report.holdout_losses.push_back(holdout_loss_);
}

bool FitSchedule::average_rises() {
  if (epoch_ == 1) {
    // Losses can be negative with a Gaussian head: then "above" is a division.
    rolling_ = holdout_loss_ < 0 ? holdout_loss_ / 1.5 : holdout_loss_ * 1.5;
    previous_ = holdout_loss_ < 0 ? holdout_loss_ / 2.0 : holdout_loss_ * 2.0;
  }
  rolling_ = config_.persistence * rolling_ + (1 - config_.persistence) * holdout_loss_;
  const bool rises = previous_ < rolling_;
  previous_ = rolling_;
  return rises;
}

std::optional<RandomStream> split_stream(const FitConfig& config, const RandomStream& random) {
  constexpr uint64_t behind_all_members = ~uint64_t{0};
  if (!config.bootstrap) return std::nullopt;
  return random.split(behind_all_members);
}

}  // namespace reverie
