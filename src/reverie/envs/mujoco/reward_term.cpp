#include <reverie/envs/mujoco/reward_term.h>

#include <algorithm>
#include <cmath>

namespace reverie {
namespace {

using Moment = RewardTerm::Moment;
using Number = RewardTerm::Number;
using Of = RewardTerm::Of;

bool is_trigonometric(const RewardTerm& term) {
  return term.number == Number::cosine || term.number == Number::sine;
}

/// The velocity of what changes at this rate, where it is one coordinate of a joint: of a slide, a
/// hinge, or a free joint's place. (Quaternions change otherwise.)
std::optional<Quantity> velocity_of(const RewardTerm& term, const mjModel& model) {
  const Quantity& quantity = term.quantity;
  if (term.at != Moment::rate || term.minus || quantity.kind != Quantity::Kind::position)
    return std::nullopt;
  const int joint = find_joint(model, quantity.name);
  if (joint < 0) return std::nullopt;
  const int type = model.jnt_type[joint];
  const bool plain = type == mjJNT_SLIDE || type == mjJNT_HINGE;
  const bool place = type == mjJNT_FREE && quantity.first < 3 && quantity.count == 1;
  if (!plain && !place) return std::nullopt;
  return velocity(quantity.name, quantity.first);
}

/// Whether a term is the same of what is observed, clipped.
bool survives_clip(const RewardTerm& term, const Source& source) {
  const double clip = source.observed_clip;
  if (!std::isfinite(clip)) return true;
  if (source.upright) return false;  // its joints are clipped, not the number that is paid for
  return term.clip <= clip && term.target == 0 && !term.minus && term.at != Moment::rate;
}

Tensor to_number(const RewardTerm& term, Tensor components) {
  if (term.target != 0) components = components - term.target;
  if (std::isfinite(term.clip)) components = components.clamp(-term.clip, term.clip);
  const auto sum = [](const Tensor& all) {
    return all.size(1) == 1 ? all.select(1, 0) : all.sum(1);
  };
  const auto norm = [&] { return components.norm(2, 1); };
  switch (term.number) {
    case Number::sum:
      components = sum(components);
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
      components = norm();
      break;
    case Number::shortfall:
      components = (-components).clamp_min(0).sum(1);
      break;
    case Number::exponential:
      components = (norm() / -term.width).exp();
      break;
    case Number::tolerance: {
      // dm_control's tolerance with a Gaussian flank: 0.1 at the margin.
      const Tensor beyond = (norm() - term.margin).clamp_min(0) / term.width;
      components = (beyond.square() * std::log(0.1)).exp();
      break;
    }
    case Number::within:
      components = (norm() <= term.width).to(components.scalar_type());
      break;
    case Number::cosine:
      components = sum(components.cos());
      break;
    case Number::sine:
      components = sum(components.sin());
      break;
  }
  return std::isfinite(term.most) ? components.clamp_max(term.most) : components;
}

/// Of an angle less the target, by the cosine and the sine of the angle.
Tensor to_number(const RewardTerm& term, const Tensor& cosine, const Tensor& sine) {
  const double c = std::cos(term.target), s = std::sin(term.target);
  const Tensor each = term.number == Number::cosine ? cosine * c + sine * s : sine * c - cosine * s;
  return each.sum(1);
}

}  // namespace

std::vector<Quantity> ResolvedTerm::untold() const {
  std::vector<Quantity> all;
  if (term.of == Of::quantity && !source.told() && !stand_in) all = source.unseen;
  if (term.of == Of::action_change && !source.told()) all = source.unseen;
  for (const ResolvedTerm& factor : times)
    for (const Quantity& quantity : factor.untold()) all.push_back(quantity);
  return all;
}

bool ResolvedTerm::is_exact() const {
  if (!std::ranges::all_of(times, &ResolvedTerm::is_exact)) return false;
  if (term.of == Of::action_change) return source.told();
  return term.of != Of::quantity || (source.told() && survives_clip(term, source));
}

ResolvedTerm resolve(const RewardTerm& term, const SourceFinder& finder, const mjModel& model) {
  ResolvedTerm resolved{.term = term};
  for (const RewardTerm& factor : term.times)
    resolved.times.push_back(resolve(factor, finder, model));
  if (term.of == Of::action_change)
    resolved.source = finder.find({Quantity::Kind::control}, std::nullopt);
  if (term.of != Of::quantity) return resolved;
  const bool angles = is_trigonometric(term) && term.at != Moment::rate;
  resolved.source = finder.find(term.quantity, term.minus, angles);
  const auto stand_in = term.stand_in ? term.stand_in : velocity_of(term, model);
  if (!resolved.source.told() && stand_in) {
    Source source = finder.find(*stand_in, std::nullopt);
    if (!source.observed.empty()) resolved.stand_in = source;
  }
  return resolved;
}

Tensor value(const ResolvedTerm& resolved, Seen seen, const Tensor& before, const Tensor& action,
             const Tensor& after, double seconds, const Tensor& low, const Tensor& high) {
  const RewardTerm& term = resolved.term;
  const Source& source = resolved.source;
  const bool agent = seen == Seen::by_agent;
  const auto at = [&](const Tensor& rows) { return source.components(seen, rows); };
  const Tensor& rows = term.at == Moment::before ? before : after;
  Tensor number;
  if (term.of == Of::action) {
    number = to_number(term, action);
  } else if (term.of == Of::action_change) {
    const auto given =
        torch::minimum(torch::maximum(action, low.to(action.options())), high.to(action.options()));
    number = to_number(term, given - at(before));
  } else if (term.of == Of::quantity) {
    if (agent && !source.told())
      number = to_number(term, resolved.stand_in->components(seen, after));
    else if (agent && source.angle)
      number = to_number(term, take(rows, source.angle->cosine), take(rows, source.angle->sine));
    else if (term.at == Moment::rate)
      number = to_number(term, (at(after) - at(before)) / seconds);
    else
      number = to_number(term, at(rows));
  }
  for (const ResolvedTerm& factor : resolved.times) {
    const Tensor by = value(factor, seen, before, action, after, seconds, low, high);
    number = number.defined() ? number * by : by;
  }
  return number;
}

}  // namespace reverie
