#include <reverie/envs/described_task.h>

#include <reverie/core/error.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace reverie {
namespace {

using Moment = RewardTerm::Moment;
using Number = RewardTerm::Number;
using Of = RewardTerm::Of;

/// Whether `inner` lies within `outer`.
bool holds(const Columns& outer, const Columns& inner) {
  return inner.first >= outer.first && inner.first + inner.count <= outer.first + outer.count;
}

/// The velocity of what changes at this rate, where it is one coordinate of a joint: of a slide, a
/// hinge, or a free joint's place. (Quaternions change otherwise.)
std::optional<Quantity> velocity_of(const RewardTerm& term, const mjModel& model) {
  const Quantity& quantity = term.quantity;
  if (term.at != Moment::rate || term.minus || quantity.kind != Quantity::Kind::position)
    return std::nullopt;
  const int joint = mj_name2id(&model, mjOBJ_JOINT, quantity.name.c_str());
  if (joint < 0) return std::nullopt;
  const int type = model.jnt_type[joint];
  const bool plain = type == mjJNT_SLIDE || type == mjJNT_HINGE;
  const bool place = type == mjJNT_FREE && quantity.first < 3 && quantity.count == 1;
  if (!plain && !place) return std::nullopt;
  return velocity(quantity.name, quantity.first);
}

/// Whether a term is the same of a number clipped to ±clip.
bool survives_clip(const RewardTerm& term, double clip) {
  if (!std::isfinite(clip)) return true;
  return term.clip <= clip && term.target == 0 && !term.minus && term.at != Moment::rate;
}

/// Both quantities of a difference have as many numbers.
void require_match(const Quantity& quantity, const Columns& columns, const Quantity& minus,
                   const Columns& subtracted) {
  if (columns.count != subtracted.count)
    throw UsageError(fmt::format("{} has {} numbers, {} {}: they can't be subtracted",
                                 words(quantity), columns.count, words(minus), subtracted.count));
}

Tensor to_number(const RewardTerm& term, Tensor components) {
  if (term.target != 0) components = components - term.target;
  if (std::isfinite(term.clip)) components = components.clamp(-term.clip, term.clip);
  switch (term.number) {
    case Number::sum:
      components = components.size(1) == 1 ? components.select(1, 0) : components.sum(1);
      break;
    case Number::squares:
      components = components.square().sum(1);
      break;
    case Number::absolutes:
      components = components.abs();
      if (term.margin > 0) components = (components - term.margin).clamp_min(0);
      components = components.sum(1);
      break;
    case Number::norm:
      components = components.norm(2, 1);
      break;
    case Number::shortfall:
      components = (-components).clamp_min(0).sum(1);
      break;
  }
  return std::isfinite(term.most) ? components.clamp_max(term.most) : components;
}

TaskSpec spec_of(const TaskDescription& description, const mjModel& body) {
  TaskSpec spec{.name = description.name, .source = description.source};
  spec.description = words(description, description.frame_skip * body.opt.timestep);
  spec.horizon = description.horizon;
  if (body.nu == 0)
    throw UsageError(
        fmt::format("{} has no actuators: there is nothing to control", description.body));
  for (int i = 0; i < body.nu; ++i) {
    if (!body.actuator_ctrllimited[i]) {
      const char* name = mj_id2name(&body, mjOBJ_ACTUATOR, i);
      throw UsageError(
          fmt::format("{}: actuator {} has no range; give it a ctrlrange, and ctrllimited=\"true\"",
                      description.body, name ? name : std::to_string(i)));
    }
    spec.action_low.push_back(body.actuator_ctrlrange[2 * i]);
    spec.action_high.push_back(body.actuator_ctrlrange[2 * i + 1]);
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
  action_low_ = torch::tensor(spec_.action_low, torch::kFloat64);
  action_high_ = torch::tensor(spec_.action_high, torch::kFloat64);

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
  for (const Part& part : parts_) {
    if (!observed_together_.empty() && plain(part.part)) {
      Part& last = observed_together_.back();
      if (plain(last.part) && last.measured.first + last.measured.count == part.measured.first) {
        last.measured.count += part.measured.count;
        continue;
      }
    }
    observed_together_.push_back(part);
  }

  for (const HealthyRange& range : description_.healthy)
    healthy_.push_back({range, find(range.of, std::nullopt)});
  measured_box_ = healthy_box(Seen::by_simulator);
  observed_box_ = healthy_box(Seen::by_agent);
  for (const RewardTerm& term : description_.reward) terms_.push_back(resolve(term));
  judge_reward();
}

void DescribedTask::judge_reward() {
  std::vector<std::string> unseen, stood_in, left_out;
  for (const Term& term : terms_) {
    const bool charged = term.term.of == Of::action && description_.charges_clipped_action;
    exact_ = exact_ && !charged && (!term.term.while_healthy || end_is_exact());
    if (term.term.of != Of::quantity) continue;
    exact_ = exact_ && term.source.observed && survives_clip(term.term, term.source.observed_clip);
    if (term.source.observed) continue;
    (!term.untold()                  ? stood_in
     : term.term.models_leave_it_out ? left_out
                                     : unseen)
        .push_back(words(term.term.quantity));
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
  for (const Range& range : healthy_)
    if (!range.source.observed)
      spec_.description += fmt::format("; a model, which is not shown {}, does not end there",
                                       words(range.range.of));
}

std::optional<Columns> DescribedTask::observed(const Quantity& quantity, double& clip) const {
  const Columns measured = layout_.find(quantity);
  for (const Part& part : parts_) {
    if (part.part.function != ObservedPart::Function::value || part.minus) continue;
    if (!holds(part.measured, measured)) continue;
    clip = std::min(clip, part.part.clip);
    return Columns{part.observed.first + measured.first - part.measured.first, measured.count};
  }
  return std::nullopt;
}

DescribedTask::Source DescribedTask::find(const Quantity& quantity,
                                          const std::optional<Quantity>& minus) const {
  Source source{.measured = layout_.find(quantity)};
  if (!minus) {
    source.observed = observed(quantity, source.observed_clip);
    return source;
  }
  source.measured_minus = layout_.find(*minus);
  require_match(quantity, source.measured, *minus, *source.measured_minus);
  // Either the difference is observed, or both.
  for (const Part& part : parts_) {
    if (!part.minus || part.part.function != ObservedPart::Function::value) continue;
    const int64_t offset = source.measured.first - part.measured.first;
    if (!holds(part.measured, source.measured) || !holds(*part.minus, *source.measured_minus) ||
        source.measured_minus->first - part.minus->first != offset)
      continue;
    source.observed = Columns{part.observed.first + offset, source.measured.count};
    source.observed_clip = part.part.clip;
    return source;
  }
  source.observed = observed(quantity, source.observed_clip);
  source.observed_minus = observed(*minus, source.observed_clip);
  if (!source.observed_minus) source.observed.reset();
  return source;
}

DescribedTask::Term DescribedTask::resolve(const RewardTerm& term) const {
  Term resolved{.term = term, .source = {}, .stand_in = std::nullopt};
  if (term.of != Of::quantity) return resolved;
  resolved.source = find(term.quantity, term.minus);
  const auto stand_in = term.stand_in ? term.stand_in : velocity_of(term, layout_.model());
  if (!resolved.source.observed && stand_in) {
    Source source = find(*stand_in, std::nullopt);
    if (source.observed) resolved.stand_in = source;
  }
  return resolved;
}

bool DescribedTask::end_is_exact() const {
  return std::all_of(healthy_.begin(), healthy_.end(), [](const Range& range) {
    return range.source.observed && !std::isfinite(range.source.observed_clip);
  });
}

Tensor DescribedTask::observe(const Tensor& measurement) const {
  std::vector<Tensor> parts;
  for (const Part& part : observed_together_) {
    Tensor value = take(measurement, part.measured);
    if (part.minus) value = value - take(measurement, *part.minus);
    if (part.part.function == ObservedPart::Function::sine) value = value.sin();
    if (part.part.function == ObservedPart::Function::cosine) value = value.cos();
    if (std::isfinite(part.part.clip)) value = value.clamp(-part.part.clip, part.part.clip);
    parts.push_back(value);
  }
  return parts.size() == 1 ? parts[0] : torch::cat(parts, 1);
}

Tensor DescribedTask::components(const Source& source, Seen seen, const Tensor& rows) {
  const bool agent = seen == Seen::by_agent;
  const Tensor value = take(rows, agent ? *source.observed : source.measured);
  const auto& minus = agent ? source.observed_minus : source.measured_minus;
  return minus ? value - take(rows, *minus) : value;
}

DescribedTask::Box DescribedTask::healthy_box(Seen seen) const {
  std::vector<int64_t> columns;
  std::vector<double> low, high;
  std::vector<float> low32, high32;
  constexpr float infinity32 = std::numeric_limits<float>::infinity();
  for (const auto& [range, source] : healthy_) {
    if (seen == Seen::by_agent && !source.observed) continue;
    const Columns stretch = seen == Seen::by_agent ? *source.observed : source.measured;
    // x > low is x >= the number after it.
    const auto next = [&](auto bound, auto towards) {
      return range.ends_included ? bound : std::nextafter(bound, towards);
    };
    for (int64_t i = 0; i < stretch.count; ++i) {
      columns.push_back(stretch.first + i);
      low.push_back(next(range.low, infinity));
      high.push_back(next(range.high, -infinity));
      low32.push_back(next(static_cast<float>(range.low), infinity32));
      high32.push_back(next(static_cast<float>(range.high), -infinity32));
    }
  }
  if (columns.empty()) return {};
  return {torch::tensor(columns), torch::tensor(low, torch::kFloat64),
          torch::tensor(high, torch::kFloat64), torch::tensor(low32), torch::tensor(high32)};
}

const DescribedTask::Box& DescribedTask::healthy_box(Seen seen, torch::Device device) const {
  const Box& box = seen == Seen::by_agent ? observed_box_ : measured_box_;
  if (device.is_cpu() || !box.columns.defined()) return box;
  // Brought to a device once. Who has a reference keeps it: a map's elements stay where they are.
  const std::lock_guard lock(device_boxes_mutex_);
  const auto [found, fresh] = device_boxes_.try_emplace({seen, device.str()});
  if (fresh)
    found->second = {box.columns.to(device), box.low.to(device), box.high.to(device),
                     box.low32.to(device), box.high32.to(device)};
  return found->second;
}

Tensor DescribedTask::healthy(Seen seen, const Tensor& rows) const {
  const Box& box = healthy_box(seen, rows.device());
  if (!box.columns.defined())
    return torch::ones({rows.size(0)}, rows.options().dtype(torch::kBool));
  const bool single = rows.scalar_type() == torch::kFloat32;
  const Tensor values = rows.index_select(1, box.columns);
  const Tensor& low = single ? box.low32 : box.low;
  const Tensor& high = single ? box.high32 : box.high;
  return ((values >= low) & (values <= high)).all(1);  // false for NaN
}

Tensor DescribedTask::value(const Term& resolved, Seen seen, const Tensor& before,
                            const Tensor& action, const Tensor& after) const {
  const RewardTerm& term = resolved.term;
  if (term.of == Of::action) return to_number(term, action);
  if (seen == Seen::by_agent && !resolved.source.observed)
    return to_number(term, components(*resolved.stand_in, seen, after));
  const auto at = [&](const Tensor& rows) { return components(resolved.source, seen, rows); };
  if (term.at == Moment::rate) return to_number(term, (at(after) - at(before)) / seconds_);
  return to_number(term, at(term.at == Moment::before ? before : after));
}

Tensor DescribedTask::sum_of_terms(Seen seen, const Tensor& before, const Tensor& action,
                                   const Tensor& after) const {
  // Few operations: each costs as much as it does for thousands of rows.
  Tensor total;
  const auto add = [&](const Tensor& part) { total = total.defined() ? total + part : part; };
  double everyone = 0;
  for (const Term& resolved : terms_) {
    const RewardTerm& term = resolved.term;
    if (seen == Seen::by_agent && resolved.untold()) continue;
    Tensor part;
    if (term.of != Of::one) part = value(resolved, seen, before, action, after);
    if (part.defined() && term.weight != 1) part = part * term.weight;
    if (term.while_healthy) {
      const auto paid = healthy(seen, term.at == Moment::before ? before : after);
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

Tensor DescribedTask::reward(const Tensor& observation, const Tensor& action,
                             const Tensor& next) const {
  return sum_of_terms(Seen::by_agent, observation, action, next);
}

Tensor DescribedTask::measured_reward(const Tensor& measurement, const Tensor& action,
                                      const Tensor& next) const {
  if (!description_.charges_clipped_action)
    return sum_of_terms(Seen::by_simulator, measurement, action, next);
  const auto clipped = torch::minimum(torch::maximum(action, action_low_), action_high_);
  return sum_of_terms(Seen::by_simulator, measurement, clipped, next);
}

Tensor DescribedTask::terminated(const Tensor& next) const {
  if (!terminates()) return Task::terminated(next);
  return healthy(Seen::by_agent, next).logical_not();
}

Tensor DescribedTask::measured_terminated(const Tensor& next) const {
  if (!terminates()) return Task::terminated(next);
  return healthy(Seen::by_simulator, next).logical_not();
}

}  // namespace reverie
