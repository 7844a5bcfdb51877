#include <reverie/envs/mujoco/described_task.h>

#include <reverie/core/error.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace reverie {
namespace {

using Moment = RewardTerm::Moment;
using Of = RewardTerm::Of;

/// Adds each once.
void add_words(const std::vector<Quantity>& quantities, std::vector<std::string>& to) {
  for (const Quantity& one : quantities)
    if (std::find(to.begin(), to.end(), words(one)) == to.end()) to.push_back(words(one));
}

TaskSpec spec_of(const TaskDescription& description, const mjModel& body) {
  TaskSpec spec{.name = description.name, .source = description.source};
  spec.description = words(description, description.frame_skip * body.opt.timestep);
  spec.horizon = description.horizon;
  spec.warnings = description.warnings;
  if (body.nu == 0)
    throw UsageError(
        fmt::format("{} has no actuators: there is nothing to control", description.body));
  for (int i = 0; i < body.nu; ++i) {
    if (!body.actuator_ctrllimited[i]) {
      const int actuator = actuator_of(body, i);
      const char* name = mj_id2name(&body, mjOBJ_ACTUATOR, actuator);
      throw UsageError(
          fmt::format("{}: actuator {} has no range; give it a ctrlrange, and ctrllimited=\"true\"",
                      description.body, name ? name : std::to_string(actuator)));
    }
    spec.action_low.push_back(body.actuator_ctrlrange[2 * i]);
    spec.action_high.push_back(body.actuator_ctrlrange[2 * i + 1]);
  }
  if (description.normalised_actions) {
    const auto controls = static_cast<size_t>(body.nu);
    spec.actuator_low = std::exchange(spec.action_low, std::vector<double>(controls, -1));
    spec.actuator_high = std::exchange(spec.action_high, std::vector<double>(controls, 1));
    if (spec.actuator_low != spec.action_low || spec.actuator_high != spec.action_high)
      spec.description +=
          "; an agent's -1 to 1 is the actuators' range, in whose units the reward is";
  }
  return spec;
}

}  // namespace

DescribedTask::DescribedTask(TaskDescription description, const EnvConfig& config)
    : description_(std::move(description)),
      layout_(mujoco_body(description_.body, config, description_.timestep),
              quantities(description_)) {
  const mjModel& body = layout_.model();
  spec_ = spec_of(description_, body);
  if (config.horizon > 0) spec_.horizon = config.horizon;
  seconds_ = description_.frame_skip * body.opt.timestep;
  actuator_low_ = torch::tensor(spec_.control_low(), torch::kFloat64);
  actuator_high_ = torch::tensor(spec_.control_high(), torch::kFloat64);
  const bool is_mapped =
      spec_.actuator_low != spec_.action_low || spec_.actuator_high != spec_.action_high;
  if (spec_.normalises_actions() && is_mapped) {
    middle_ = (actuator_low_ + actuator_high_) / 2;
    half_ = (actuator_high_ - actuator_low_) / 2;
  }

  int64_t size = 0;
  for (const ObservedPart& part : description_.observe) {
    const Columns measured = layout_.find(part.of);
    std::optional<Columns> minus;
    if (part.minus) {
      minus = layout_.find(*part.minus);
      require_match(part.of, measured, *part.minus, *minus);
    }
    parts_.push_back({part, measured, minus, {size, measured.count}});
    size += measured.count;
  }
  spec_.observation_size = size;
  // Plain stretches that lie side by side are copied at once.
  const auto plain = [](const ObservedPart& one) {
    return one.function == ObservedPart::Function::value && !one.minus && !std::isfinite(one.clip);
  };
  for (const ObservedColumns& part : parts_) {
    if (!observed_together_.empty() && plain(part.part)) {
      ObservedColumns& last = observed_together_.back();
      if (plain(last.part) && last.measured.first + last.measured.count == part.measured.first) {
        last.measured.count += part.measured.count;
        continue;
      }
    }
    observed_together_.push_back(part);
  }

  const SourceFinder finder(layout_, parts_);
  for (const HealthyRange& range : description_.healthy)
    healthy_.push_back({range, finder.find(range.of, range.minus)});
  measured_box_ = healthy_box(Seen::by_simulator);
  observed_box_ = healthy_box(Seen::by_agent);
  for (const RewardTerm& term : description_.reward) terms_.push_back(resolve(term, finder, body));
  judge_reward();
  judge_end();
}

void DescribedTask::judge_reward() {
  std::vector<std::string> unseen, stood_in, left_out;
  const bool health_is_told =
      std::ranges::all_of(healthy_, [](const Range& range) { return range.source.told(); });
  for (const ResolvedTerm& resolved : terms_) {
    const RewardTerm& term = resolved.term;
    const bool charged = term.of == Of::action && description_.charges_clipped_action;
    const bool by_health = term.while_healthy || term.when_unhealthy;
    exact_ = exact_ && !charged && resolved.is_exact() && (!by_health || end_is_exact());
    // A bonus while healthy is nearly told where the episode ends with it.
    if (!health_is_told && (term.when_unhealthy || (term.while_healthy && !ends_by_health())))
      for (const Range& range : healthy_) add_words(range.source.unseen, unseen);
    if (resolved.stand_in) stood_in.push_back(words(term.quantity));
    if (resolved.is_told()) continue;
    if (term.models_leave_it_out)
      left_out.push_back(words(term.quantity));
    else
      add_words(resolved.untold(), unseen);
  }
  if (description_.model_has_its_own) return;
  told_ = unseen.empty();
  if (!stood_in.empty())
    spec_.description += fmt::format(
        "; a model, which is not shown {}, takes the velocity for its "
        "change",
        fmt::join(stood_in, " and "));
  if (!left_out.empty())
    spec_.description += fmt::format("; a model, which is not shown {}, leaves it out",
                                     fmt::join(left_out, " and "));
  if (!unseen.empty())
    spec_.description += fmt::format("; {} not observed, so that a model has to learn the reward",
                                     fmt::join(unseen, ", "));
}

void DescribedTask::judge_end() {
  if (end_is_told()) return;
  std::vector<std::string> unseen, keys;
  for (const Range& range : healthy_) {
    add_words(range.source.unseen, unseen);
    for (const Quantity& quantity : range.source.unseen)
      if (std::ranges::count(keys, as_toml(quantity)) == 0) keys.push_back(as_toml(quantity));
  }
  spec_.description += fmt::format("; {} not observed, so that a model has to learn the end",
                                   fmt::join(unseen, ", "));
  spec_.warnings.push_back(
      fmt::format("what ends an episode is not observed ({}): a model can only learn from data "
                  "where it ends; better observe it ([[observe]] {})",
                  fmt::join(unseen, ", "), fmt::join(keys, "; ")));
}

bool DescribedTask::end_is_exact() const {
  return std::all_of(healthy_.begin(), healthy_.end(), [](const Range& range) {
    return range.source.told() && !std::isfinite(range.source.observed_clip);
  });
}

bool DescribedTask::end_is_told() const {
  return description_.model_has_its_own || !ends_by_health() ||
         std::all_of(healthy_.begin(), healthy_.end(),
                     [](const Range& range) { return range.source.told(); });
}

Tensor DescribedTask::observe(const Tensor& measurement) const {
  std::vector<Tensor> parts;
  for (const ObservedColumns& part : observed_together_) {
    Tensor value = take(measurement, part.measured);
    if (part.minus) value = value - take(measurement, *part.minus);
    if (part.part.function == ObservedPart::Function::sine) value = value.sin();
    if (part.part.function == ObservedPart::Function::cosine) value = value.cos();
    if (std::isfinite(part.part.clip)) value = value.clamp(-part.part.clip, part.part.clip);
    parts.push_back(value);
  }
  return parts.size() == 1 ? parts[0] : torch::cat(parts, 1);
}

DescribedTask::Box DescribedTask::healthy_box(Seen seen) const {
  Box box;
  std::vector<int64_t> columns;
  std::vector<double> low, high;
  std::vector<float> low32, high32;
  constexpr float infinity32 = std::numeric_limits<float>::infinity();
  for (const Range& one : healthy_) {
    const auto& [range, source] = one;
    if (seen == Seen::by_agent && !source.told()) continue;
    if (range.norm || !source.plain(seen)) {
      box.others.push_back(&one);
      continue;
    }
    const Stretches stretches =
        seen == Seen::by_agent ? source.observed : Stretches{source.measured};
    // x > low is x >= the number after it.
    const auto next = [&](auto bound, auto towards) {
      return range.ends_included ? bound : std::nextafter(bound, towards);
    };
    for (const Columns& stretch : stretches)
      for (int64_t i = 0; i < stretch.count; ++i) {
        columns.push_back(stretch.first + i);
        low.push_back(next(range.low, infinity));
        high.push_back(next(range.high, -infinity));
        low32.push_back(next(static_cast<float>(range.low), infinity32));
        high32.push_back(next(static_cast<float>(range.high), -infinity32));
      }
  }
  if (columns.empty()) return box;
  box.columns = torch::tensor(columns);
  box.low = torch::tensor(low, torch::kFloat64);
  box.high = torch::tensor(high, torch::kFloat64);
  box.low32 = torch::tensor(low32);
  box.high32 = torch::tensor(high32);
  return box;
}

const DescribedTask::Box& DescribedTask::healthy_box(Seen seen, torch::Device device) const {
  const Box& box = seen == Seen::by_agent ? observed_box_ : measured_box_;
  if (device.is_cpu() || !box.columns.defined()) return box;
  // Brought to a device once. Who has a reference keeps it: a map's elements stay where they are.
  const std::lock_guard lock(device_boxes_mutex_);
  const auto [found, fresh] = device_boxes_.try_emplace({seen, device.str()});
  if (fresh)
    found->second = {box.columns.to(device), box.low.to(device),    box.high.to(device),
                     box.low32.to(device),   box.high32.to(device), box.others};
  return found->second;
}

Tensor DescribedTask::healthy(Seen seen, const Tensor& rows) const {
  const Box& box = healthy_box(seen, rows.device());
  Tensor all;
  if (box.columns.defined()) {
    const bool single = rows.scalar_type() == torch::kFloat32;
    const Tensor values = rows.index_select(1, box.columns);
    const Tensor& low = single ? box.low32 : box.low;
    const Tensor& high = single ? box.high32 : box.high;
    all = ((values >= low) & (values <= high)).all(1);  // false for NaN
  }
  for (const Range* one : box.others) {
    const auto& [range, source] = *one;
    Tensor values = source.components(seen, rows);
    if (range.norm) values = values.norm(2, 1, /*keepdim=*/true);
    const Tensor within = range.ends_included ? (values >= range.low) & (values <= range.high)
                                              : (values > range.low) & (values < range.high);
    all = all.defined() ? all & within.all(1) : within.all(1);
  }
  return all.defined() ? all : torch::ones({rows.size(0)}, rows.options().dtype(torch::kBool));
}

Tensor DescribedTask::sum_of_terms(Seen seen, const Tensor& before, const Tensor& action,
                                   const Tensor& after) const {
  // Few operations: each costs as much as it does for thousands of rows.
  Tensor total;
  const auto add = [&](const Tensor& part) { total = total.defined() ? total + part : part; };
  double everyone = 0;
  for (const ResolvedTerm& resolved : terms_) {
    const RewardTerm& term = resolved.term;
    if (seen == Seen::by_agent && !resolved.is_told()) continue;
    Tensor part;
    if (term.of != Of::one || !term.times.empty())
      part = value(resolved, seen, before, action, after, seconds_, actuator_low_, actuator_high_);
    if (part.defined() && term.weight != 1) part = part * term.weight;
    if (term.while_healthy || term.when_unhealthy) {
      auto paid = healthy(seen, term.at == Moment::before ? before : after);
      if (seen == Seen::by_simulator && description_.ends_when_diverged)
        paid = paid & (after.select(1, -1) == 0);
      if (term.when_unhealthy) paid = paid.logical_not();
      part = part.defined() ? part * paid : paid.to(after.scalar_type()) * term.weight;
    }
    if (part.defined())
      add(part);
    else
      everyone += term.weight;
  }
  if (!total.defined())
    total = torch::full({action.size(0)}, everyone, after.options());
  else if (everyone != 0)
    total = total + everyone;
  const double clip = description_.reward_clip;
  return std::isfinite(clip) ? total.clamp(-clip, clip) : total;
}

Tensor DescribedTask::in_actuators_units(const Tensor& action) const {
  if (!half_.defined()) return action;
  return action * half_.to(action.options()) + middle_.to(action.options());
}

Tensor DescribedTask::reward(const Tensor& observation, const Tensor& action,
                             const Tensor& next) const {
  return sum_of_terms(Seen::by_agent, observation, in_actuators_units(action), next);
}

Tensor DescribedTask::measured_reward(const Tensor& measurement, const Tensor& action,
                                      const Tensor& next) const {
  Tensor charged = in_actuators_units(action);
  if (description_.charges_clipped_action)
    charged = torch::minimum(torch::maximum(charged, actuator_low_), actuator_high_);
  return sum_of_terms(Seen::by_simulator, measurement, charged, next);
}

Tensor DescribedTask::terminated(const Tensor& next) const {
  if (!ends_by_health()) return Task::terminated(next);
  return healthy(Seen::by_agent, next).logical_not();
}

Tensor DescribedTask::measured_terminated(const Tensor& next) const {
  const Tensor ended =
      ends_by_health() ? healthy(Seen::by_simulator, next).logical_not() : Task::terminated(next);
  return description_.ends_when_diverged ? ended | (next.select(1, -1) != 0) : ended;
}

}  // namespace reverie
