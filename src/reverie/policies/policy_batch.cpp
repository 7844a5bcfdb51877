#include <reverie/policies/policy_batch.h>

#include <algorithm>
#include <cmath>

namespace reverie {

PolicyBatch policy_batch(const Rollouts& rollouts, const Tensor& advantage) {
  const int64_t tasks = rollouts.tasks(), rows = rollouts.rows() * rollouts.horizon();
  require_shape(advantage, {tasks, rollouts.rows(), rollouts.horizon()}, "the advantages");
  const PolicyBatch all{rollouts.observation.reshape({tasks, rows, -1}).contiguous(),
                        rollouts.action.reshape({tasks, rows, -1}).contiguous(),
                        advantage.reshape({tasks, rows}).to(torch::kFloat32).contiguous()};
  if (!rollouts.counted.defined()) return all;
  // The counted steps first, in their order.
  const Tensor counted = rollouts.counted.reshape({tasks, rows});
  const Tensor order = std::get<1>(torch::sort(counted.logical_not().to(torch::kInt8),
                                               /*stable=*/true, /*dim=*/1, /*descending=*/false));
  const Tensor first = rows * torch::arange(tasks, order.options()).unsqueeze(1);
  const Tensor rows_in_order = (first + order).flatten();
  const auto sorted = [&](const Tensor& field) {
    return field.flatten(0, 1).index_select(0, rows_in_order).view_as(field);
  };
  return {sorted(all.observation), sorted(all.action), sorted(all.advantage), counted.sum(1)};
}

PolicyBatch thinned(const PolicyBatch& batch, double fraction) {
  const auto every = std::max<int64_t>(1, std::llround(1.0 / fraction));
  if (every == 1) return batch;
  const auto some = [every](const Tensor& field) {
    return field.slice(1, 0, field.size(1), every).contiguous();
  };
  return {some(batch.observation), some(batch.action), some(batch.advantage),
          batch.count.defined() ? (batch.count + (every - 1)).floor_divide(every) : Tensor()};
}

PolicyBatch joined(const PolicyBatch& batch) {
  if (batch.count.defined()) {
    const Tensor rows = torch::arange(batch.rows(), batch.count.options());
    const Tensor kept = (rows < batch.count.unsqueeze(1)).flatten().nonzero().squeeze(1);
    const auto chosen = [&](const Tensor& field) {
      return field.flatten(0, 1).index_select(0, kept).unsqueeze(0);
    };
    return {chosen(batch.observation), chosen(batch.action), chosen(batch.advantage)};
  }
  return {batch.observation.flatten(0, 1).unsqueeze(0), batch.action.flatten(0, 1).unsqueeze(0),
          batch.advantage.flatten().unsqueeze(0)};
}

}  // namespace reverie
