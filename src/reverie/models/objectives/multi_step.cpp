#include <reverie/models/objectives/multi_step.h>

#include <reverie/models/objectives/likelihood.h>

namespace reverie {
namespace {

/// How far predictions [..., n, d] are from their targets: the mean over rows, [...].
Tensor distance(const Tensor& mean, const Tensor& target) {
  return (mean - target).norm(2, -1).mean(-1);
}

/// The rows `index` [m, n] of `from` [N, d]: [m, n, d].
Tensor rows(const Tensor& from, const Tensor& index) {
  return from.index_select(0, index.flatten()).view({index.size(0), index.size(1), -1});
}

}  // namespace

void MultiStep::prepare(const FitContext& context) {
  const Transitions& data = context.data;
  observation_ = data.observation;
  action_ = data.action;
  target_ = context.model.targets(data);
  const auto after = data.observation.roll(-1, 0);  // of the last row the first: a gap
  goes_on_ =
      (data.terminated | data.truncated).logical_not() & (data.next_observation == after).all(1);
  goes_on_[-1] = false;
}

Tensor MultiStep::walk_losses(const StepModel& step, const Tensor& index) const {
  Tensor row = index, observation = rows(observation_, row), missed, variance;
  for (int64_t i = 1; i <= steps_; ++i) {
    const auto [prediction, next] = step(observation, rows(action_, row));
    const auto target = rows(target_, row);
    const auto distances = distance(prediction.mean, target);
    missed = i == 1 ? distances : missed + distances;
    if (i == 1) variance = variance_loss(prediction, target);
    if (i == steps_) break;
    const auto own = rows(goes_on_.unsqueeze(1), row);
    row = (row + 1).remainder(target_.size(0));
    observation = torch::where(own, next, rows(observation_, row));
  }
  return missed / steps_ + variance;
}

Tensor MultiStep::loss(const Prediction& prediction, const Tensor& target,
                       const Tensor& /*index*/) const {
  return distance(prediction.mean, target) + variance_loss(prediction, target);
}

Tensor MultiStep::losses(const Prediction& prediction, const Tensor& target,
                         const Tensor& index) const {
  return loss(prediction, target, index);  // which reduces the last two dimensions
}

}  // namespace reverie
