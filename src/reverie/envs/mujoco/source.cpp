#include <reverie/envs/mujoco/source.h>

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

/// Adds a column, to the last stretch where it goes on there.
void append(Stretches& stretches, int64_t column) {
  if (!stretches.empty() && stretches.back().first + stretches.back().count == column)
    ++stretches.back().count;
  else
    stretches.push_back({column, 1});
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
    if (!how.value.empty()) {
      const Tensor turned = column(how.value[0].first) - turn.reference;
      return std::pair(turned.cos(), turned.sin());
    }
    const Tensor c = column(how.cosine[0].first), s = column(how.sine[0].first);
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
  if (!agent) {
    const Tensor value = take(rows, measured);
    return measured_minus ? value - take(rows, *measured_minus) : value;
  }
  const Tensor value = take(rows, observed);
  return observed_minus.empty() ? value : value - take(rows, observed_minus);
}

Stretches SourceFinder::find(Function function, const Columns& measured,
                             const std::optional<Columns>& minus, double& clip) const {
  Stretches found;
  double least = infinity;
  for (int64_t i = 0; i < measured.count; ++i) {
    const Columns one = {measured.first + i, 1};
    const ObservedColumns* best = nullptr;
    for (const ObservedColumns& part : parts_) {
      if (part.part.function != function || !holds(part.measured, one)) continue;
      if (part.minus.has_value() != minus.has_value()) continue;
      if (minus && part.minus->first - part.measured.first != minus->first - measured.first)
        continue;
      // Of those that clip alike, rather one that holds them all: they stay together.
      const auto rank = [&](const ObservedColumns& of) {
        return std::pair(of.part.clip, holds(of.measured, measured));
      };
      if (!best || rank(part) > rank(*best)) best = &part;
    }
    if (!best) return {};
    append(found, best->observed.first + one.first - best->measured.first);
    least = std::min(least, best->part.clip);
  }
  clip = std::min(clip, least);
  return found;
}

Stretches SourceFinder::value(const Columns& measured, double& clip) const {
  return find(Function::value, measured, std::nullopt, clip);
}

std::optional<ObservedAngle> SourceFinder::angle(const Columns& measured) const {
  double clip = infinity;
  ObservedAngle found{.cosine = find(Function::cosine, measured, std::nullopt, clip),
                      .sine = find(Function::sine, measured, std::nullopt, clip)};
  if (found.cosine.empty() || found.sine.empty() || clip < 1) return std::nullopt;
  return found;
}

std::shared_ptr<const ObservedUpright> SourceFinder::upright(const Quantity& quantity,
                                                             double& clip) const {
  const mjModel& model = layout_.model();
  auto found = std::make_shared<ObservedUpright>(
      ObservedUpright{Upright(model, mj_name2id(&model, mjOBJ_BODY, quantity.name.c_str())), {}});
  for (const Turn& turn : found->upright.turns()) {
    ObservedTurn shown;
    if (turn.by == Turn::By::hinge) {
      shown.hinge.value = value({turn.coordinate, 1}, clip);
      if (shown.hinge.value.empty()) {
        const auto by_two = angle({turn.coordinate, 1});
        if (!by_two) return nullptr;
        shown.hinge = *by_two;
      }
    }
    for (size_t i = 0; turn.by == Turn::By::quaternion && i < 4; ++i) {
      const auto number = value({turn.coordinate + static_cast<int64_t>(i), 1}, clip);
      if (number.empty()) return nullptr;
      shown.quaternion[i] = number[0].first;
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
    if (!source.observed.empty()) return source;
    if (angles) source.angle = angle(source.measured);
    if (quantity.kind == Quantity::Kind::upright)
      source.upright = upright(quantity, source.observed_clip);
    if (!source.told()) source.unseen = {quantity};
    return source;
  }
  source.measured_minus = layout_.find(*minus);
  require_match(quantity, source.measured, *minus, *source.measured_minus);
  // Either the difference is observed, or both.
  source.observed =
      find(Function::value, source.measured, source.measured_minus, source.observed_clip);
  if (!source.observed.empty()) return source;
  source.observed = value(source.measured, source.observed_clip);
  source.observed_minus = value(*source.measured_minus, source.observed_clip);
  if (source.observed.empty()) source.unseen.push_back(quantity);
  if (source.observed_minus.empty()) source.unseen.push_back(*minus);
  if (source.unseen.empty()) return source;
  source.observed.clear();
  source.observed_minus.clear();
  return source;
}

}  // namespace reverie
