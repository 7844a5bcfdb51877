#include <reverie/runs/signs.h>

#include <reverie/runs/figures.h>

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace reverie {
namespace {

constexpr double kExcess = 1.5;         // of the imagined return, in units of the real one's range
constexpr double kLeast = 0.1;          // of the real return
constexpr double kCollapse = 0.05;      // of the first std
constexpr double kFewSteps = 10;        // of an episode,
constexpr double kShort = 0.05;         // and of the horizon
constexpr double kUselessError = 0.95;  // 1: as good as predicting the mean
constexpr double kGrowth = 1000;        // of the critic's loss, from its lowest
constexpr size_t kRecent = 20;          // in so many iterations

std::optional<double> value(const std::map<std::string, double>& metrics, const char* name) {
  const auto found = metrics.find(name);
  return found == metrics.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

std::optional<std::string> Signs::imagined_too_high(const Metrics& metrics) {
  const auto real = value(metrics, "return/real"), imagined = value(metrics, "return/imagined");
  if (!real) return std::nullopt;
  lowest_real_ = std::min(lowest_real_.value_or(*real), *real);
  highest_real_ = std::max(highest_real_.value_or(*real), *real);
  // What a policy of its own that explores is paid for is something else.
  if (!imagined || value(metrics, kExplorer)) return std::nullopt;
  // Where imagined episodes are cut shorter, so is the real return that they are held against.
  const auto length = value(metrics, "episode/length");
  const auto imagined_length = value(metrics, "imagination/episode_length");
  double comparable = *real;
  if (length && imagined_length && *imagined_length < *length)
    comparable *= *imagined_length / *length;
  const double range =
      std::max(*highest_real_ - *lowest_real_, value(metrics, "return/real_std").value_or(0.0));
  const double excess = *imagined - comparable;
  if (excess <= std::max(kExcess * range, kLeast * std::abs(comparable))) return std::nullopt;
  return fmt::format(
      "the imagined return, {:.4g}, is far above the real {:.4g}: the policy lives on its models' "
      "errors{}",
      *imagined, comparable, advice("; ", Sign::imagined_too_high));
}

std::optional<std::string> Signs::collapsed(const Metrics& metrics) {
  const auto std = value(metrics, "policy/std");
  if (!std) return std::nullopt;
  if (!first_std_) first_std_ = *std;
  if (*std >= kCollapse * *first_std_) return std::nullopt;
  return fmt::format("the policy's std has collapsed from {:.3g} to {:.3g}: it tries nothing new{}",
                     *first_std_, *std, advice("; ", Sign::std_collapsed));
}

std::optional<std::string> Signs::short_episodes(const Metrics& metrics) const {
  const auto length = value(metrics, "episode/length");
  if (!length || *length >= kFewSteps || *length >= kShort * static_cast<double>(horizon_))
    return std::nullopt;
  return fmt::format(
      "real episodes last {:.3g} of {} steps: too few to learn from; is the robot healthy where "
      "it begins, and is living paid for (a bonus)?{}",
      *length, horizon_, advice(" else ", Sign::short_episodes));
}

std::optional<std::string> Signs::useless_model(const Metrics& metrics) const {
  const auto error = value(metrics, "model/new_data_error");
  if (!error || *error < kUselessError) return std::nullopt;
  return fmt::format(
      "on new data the model errs by {:.2g} of the variance: predicting the mean would do as well; "
      "is all that moves observed?{}",
      *error, advice(" else ", Sign::useless_model));
}

std::optional<std::string> Signs::critic_diverges(const Metrics& metrics) {
  const auto loss = value(metrics, "critic/loss"), q = value(metrics, "critic/q");
  if (!loss || !q) return std::nullopt;
  critic_losses_.push_back(*loss);
  if (critic_losses_.size() > kRecent) critic_losses_.pop_front();
  const double lowest = *std::min_element(critic_losses_.begin(), critic_losses_.end());
  const double error = std::sqrt(2 * *loss);  // the loss is half a mean square
  if (*loss < kGrowth * lowest || error < 0.5 * std::abs(*q)) return std::nullopt;
  return fmt::format(
      "the critic diverges: its loss has grown from {:.3g} to {:.3g} within {} iterations, at a "
      "mean "
      "value of {:.3g}{}",
      lowest, *loss, critic_losses_.size(), *q, advice("; ", Sign::critic_diverges));
}

std::string Signs::advice(std::string_view lead, Sign sign) const {
  const std::string_view what = method_.advice(sign);
  return what.empty() ? "" : fmt::format("{}{}", lead, what);
}

std::vector<std::string> Signs::see(const IterationRow& row) {
  const std::array found = {imagined_too_high(row.metrics), collapsed(row.metrics),
                            short_episodes(row.metrics), useless_model(row.metrics),
                            critic_diverges(row.metrics)};
  constexpr std::array patience = {kPatience, 1, kPatience, kPatience, 1};
  std::vector<std::string> lines;
  for (size_t i = 0; i < found.size(); ++i) {
    Watch& watch = watches_[i];
    watch.on_end = found[i] && seen_ > 0 ? watch.on_end + 1 : 0;
    if (watch.on_end < patience[i] || watch.told) continue;
    watch.told = true;
    lines.push_back(*found[i]);
  }
  ++seen_;
  return lines;
}

}  // namespace reverie
