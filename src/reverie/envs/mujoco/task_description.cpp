#include <reverie/envs/mujoco/task_description.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

namespace reverie {
namespace {

using Number = RewardTerm::Number;
using Moment = RewardTerm::Moment;

std::string difference(const Quantity& quantity, const std::optional<Quantity>& minus) {
  return minus ? fmt::format("({} - {})", words(quantity), words(*minus)) : words(quantity);
}

/// What a term's weight is multiplied by.
std::string number_alone(const RewardTerm& term) {
  if (term.of == RewardTerm::Of::one) return "";
  std::string text = term.of == RewardTerm::Of::action_change ? "change of action" : "action";
  if (term.of == RewardTerm::Of::quantity) {
    text = difference(term.quantity, term.minus);
    if (term.at == Moment::before) text += " before the step";
    if (term.at == Moment::rate) text = fmt::format("change of {} per second", text);
  }
  if (term.target != 0)
    text = fmt::format("({} {} {:g})", text, term.target < 0 ? '+' : '-', std::abs(term.target));
  if (std::isfinite(term.clip)) text = fmt::format("({} clipped to +-{:g})", text, term.clip);
  switch (term.number) {
    case Number::sum:
      break;
    case Number::squares:
      text = fmt::format("|{}|^2", text);
      break;
    case Number::absolutes:
      text = term.margin > 0 ? fmt::format("max(0, |{}| - {:g})", text, term.margin)
                             : fmt::format("sum |{}|", text);
      break;
    case Number::norm:
      text = fmt::format("|{}|", text);
      break;
    case Number::shortfall:
      text = fmt::format("max(0, -{})", text);
      break;
    case Number::exponential:
      text = fmt::format("exp(-|{}| / {:g})", text, term.width);
      break;
    case Number::tolerance:
      text =
          fmt::format("tolerance(|{}|, {:g} to {:g})", text, term.margin, term.margin + term.width);
      break;
    case Number::within:
      text = fmt::format("(1 where |{}| <= {:g})", text, term.width);
      break;
    case Number::cosine:
      text = fmt::format("cos({})", text);
      break;
    case Number::sine:
      text = fmt::format("sin({})", text);
      break;
  }
  return std::isfinite(term.most) ? fmt::format("min({}, {})", text, term.most) : text;
}

std::string number_in_words(const RewardTerm& term) {
  std::string text = number_alone(term);
  for (const RewardTerm& factor : term.times)
    text += (text.empty() ? "" : " * ") + number_alone(factor);
  return text;
}

std::string range_in_words(const HealthyRange& range) {
  const std::string numbers = difference(range.of, range.minus);
  const std::string of = range.norm ? fmt::format("|{}|", numbers) : numbers;
  const std::string less = range.ends_included ? "<=" : "<";
  if (range.low == -range.high) return fmt::format("|{}| {} {:g}", of, less, range.high);
  if (range.high == infinity) return fmt::format("{:g} {} {}", range.low, less, of);
  if (range.low == -infinity) return fmt::format("{} {} {:g}", of, less, range.high);
  return fmt::format("{:g} {} {} {} {:g}", range.low, less, of, less, range.high);
}

}  // namespace

std::string reward_in_words(const TaskDescription& description) {
  std::string text = description.reward_in_words;
  for (const RewardTerm& term : description.reward) {
    const double weight = text.empty() ? term.weight : std::abs(term.weight);
    if (!text.empty()) text += term.weight < 0 ? " - " : " + ";
    const std::string number = number_in_words(term);
    if (weight == -1 && !number.empty())
      text += "-";
    else if (number.empty() || weight != 1)
      text += fmt::format("{:g}{}", weight, number.empty() ? "" : " ");
    text += number;
    if (term.while_healthy) text += " while healthy";
    if (term.when_unhealthy) text += " when unhealthy";
  }
  if (std::isfinite(description.reward_clip))
    text += fmt::format(", clipped to +-{:g}", description.reward_clip);
  return text.empty() ? "0" : text;
}

std::string end_in_words(const TaskDescription& description) {
  std::vector<std::string> ranges;
  for (const HealthyRange& range : description.healthy) ranges.push_back(range_in_words(range));
  std::string text;
  if (!ranges.empty())
    text = fmt::format("{} {}", description.ends_when_unhealthy ? "goes on while" : "healthy:",
                       fmt::join(ranges, ", "));
  const std::string between = text.empty() ? "" : "; ";
  if (description.ends_when_diverged)
    text += between + "ends where the simulation diverges";
  else if (ranges.empty() || !description.ends_when_unhealthy)
    text += between + "never ends early";
  return text;
}

std::vector<Quantity> quantities(const TaskDescription& description) {
  std::vector<Quantity> all;
  const auto add = [&](const std::optional<Quantity>& quantity) {
    if (quantity) all.push_back(*quantity);
  };
  const auto add_term = [&](const RewardTerm& term) {
    if (term.of == RewardTerm::Of::quantity) add(term.quantity);
    if (term.of == RewardTerm::Of::action_change) add(Quantity{Quantity::Kind::control});
    add(term.minus);
    add(term.stand_in);
  };
  for (const ObservedPart& part : description.observe) {
    add(part.of);
    add(part.minus);
  }
  for (const RewardTerm& term : description.reward) {
    add_term(term);
    for (const RewardTerm& factor : term.times) add_term(factor);
  }
  for (const HealthyRange& range : description.healthy) {
    add(range.of);
    add(range.minus);
  }
  return all;
}

SimulationPlan plan(const TaskDescription& description) {
  return {.body = description.body,
          .timestep = description.timestep,
          .frame_skip = description.frame_skip,
          .reset = description.reset,
          .start = description.start,
          .arrange = description.arrange,
          .goals = description.goals,
          .measured = quantities(description),
          .forward_after_step = description.forward_after_step,
          .normalised_actions = description.normalised_actions,
          .measures_divergence = description.ends_when_diverged};
}

std::string words(const TaskDescription& description, double seconds_per_step) {
  std::string text = reward_in_words(description) + "; " + end_in_words(description);
  text += fmt::format("; {:g} s a step", seconds_per_step);
  return description.remark.empty() ? text : text + "; " + description.remark;
}

}  // namespace reverie
