#include <reverie/envs/source.h>

#include <reverie/core/error.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace reverie {
namespace {

using Function = ObservedPart::Function;
using Turn = Upright::Turn;

/// Whether `inner` lies within `outer`.
bool holds(const Columns& outer, const Columns& inner) {
  return inner.first >= outer.first && inner.first + inner.count <= outer.first + outer.count;
}

}  // namespace

void require_match(const Quantity& quantity, const Columns& columns, const Quantity& minus,
                   const Columns& subtracted) {
  if (columns.count != subtracted.count)
    throw UsageError(fmt::format("{} has {} numbers, {} {}: they can't be subtracted",
                                 words(quantity), columns.count, words(minus), subtracted.count));
}

Tensor ObservedUpright::at(const Tensor& observation) const {
  const auto shown = [&](const Turn& turn) -> const ObservedTurn& {
    return turns[static_cast<size_t>(&turn - upright.turns().data())];
  };
  const auto column = [&](int64_t which) { return observation.select(1, which); };
  const auto angle = [&](const Turn& turn) {
    const ObservedAngle& how = shown(turn).hinge;
    if (how.value) {
      const Tensor turned = column(how.value->first) - turn.reference;
      return std::pair(turned.cos(), turned.sin());
    }
    const Tensor c = column(how.cosine.first), s = column(how.sine.first);
    const double a = std::cos(turn.reference), b = std::sin(turn.reference);
    return std::pair(c * a + s * b, s * a - c * b);
  };
  const auto quaternion = [&](const Turn& turn) {
    const auto& four = shown(turn).quaternion;
    return std::array<Tensor, 4>{column(four[0]), column(four[1]), column(four[2]),
                                 column(four[3])};
  };
  const Tensor height = upright.at(angle, quaternion);
  if (!height.defined())
    return torch::full({observation.size(0), 1}, upright.at({}), observation.options());
  return height.unsqueeze(1);
}

Tensor Source::components(Seen seen, const Tensor& rows) const {
  const bool agent = seen == Seen::by_agent;
  if (agent && upright) return upright->at(rows);
  const Tensor value = take(rows, agent ? *observed : measured);
  const auto& minus = agent ? observed_minus : measured_minus;
  return minus ? value - take(rows, *minus) : value;
}

std::optional<Columns> SourceFinder::value(const Columns& measured, double& clip) const {
  for (const ObservedColumns& part : parts_) {
    if (part.part.function != Function::value || part.minus) continue;
    if (!holds(part.measured, measured)) continue;
    clip = std::min(clip, part.part.clip);
    return Columns{part.observed.first + measured.first - part.measured.first, measured.count};
  }
  return std::nullopt;
}

std::optional<ObservedAngle> SourceFinder::angle(const Columns& measured) const {
  const auto found = [&](Function function) -> std::optional<Columns> {
    for (const ObservedColumns& part : parts_)
      if (part.part.function == function && !part.minus && part.part.clip >= 1 &&
          holds(part.measured, measured))
        return Columns{part.observed.first + measured.first - part.measured.first, measured.count};
    return std::nullopt;
  };
  const auto cosine = found(Function::cosine), sine = found(Function::sine);
  if (!cosine || !sine) return std::nullopt;
  return ObservedAngle{.cosine = *cosine, .sine = *sine};
}

std::shared_ptr<const ObservedUpright> SourceFinder::upright(const Quantity& quantity,
                                                             double& clip) const {
  const mjModel& model = layout_.model();
  auto found = std::make_shared<ObservedUpright>(ObservedUpright{
      Upright(model, mj_name2id(&model, mjOBJ_BODY, quantity.name.c_str())), {}});
  for (const Turn& turn : found->upright.turns()) {
    ObservedTurn shown;
    if (turn.by == Turn::By::hinge) {
      shown.hinge.value = value({turn.coordinate, 1}, clip);
      const auto by_two = shown.hinge.value ? std::nullopt : angle({turn.coordinate, 1});
      if (!shown.hinge.value && !by_two) return nullptr;
      if (by_two) shown.hinge = *by_two;
    }
    for (size_t i = 0; turn.by == Turn::By::quaternion && i < 4; ++i) {
      const auto number = value({turn.coordinate + static_cast<int64_t>(i), 1}, clip);
      if (!number) return nullptr;
      shown.quaternion[i] = number->first;
    }
    found->turns.push_back(shown);
  }
  return found;
}

Source SourceFinder::find(const Quantity& quantity, const std::optional<Quantity>& minus,
                          bool angles) const {
  Source source{.measured = layout_.find(quantity)};
  if (!minus) {
    source.observed = value(source.measured, source.observed_clip);
    if (source.observed) return source;
    if (angles) source.angle = angle(source.measured);
    if (quantity.kind == Quantity::Kind::upright)
      source.upright = upright(quantity, source.observed_clip);
    if (!source.told()) source.unseen = {quantity};
    return source;
  }
  source.measured_minus = layout_.find(*minus);
  require_match(quantity, source.measured, *minus, *source.measured_minus);
  // Either the difference is observed, or both.
  for (const ObservedColumns& part : parts_) {
    if (!part.minus || part.part.function != Function::value) continue;
    const int64_t offset = source.measured.first - part.measured.first;
    if (!holds(part.measured, source.measured) || !holds(*part.minus, *source.measured_minus) ||
        source.measured_minus->first - part.minus->first != offset)
      continue;
    source.observed = Columns{part.observed.first + offset, source.measured.count};
    source.observed_clip = part.part.clip;
    return source;
  }
  source.observed = value(source.measured, source.observed_clip);
  source.observed_minus = value(*source.measured_minus, source.observed_clip);
  if (!source.observed) source.unseen.push_back(quantity);
  if (!source.observed_minus) source.unseen.push_back(*minus);
  if (!source.observed_minus) source.observed.reset();
  if (!source.observed) source.observed_minus.reset();
  return source;
}

}  // namespace reverie
