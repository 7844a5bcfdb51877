#include <reverie/data/weighted_draw.h>

namespace reverie {

WeightedDraw::WeightedDraw(const Tensor& weights) {
  Tensor sum = weights.to(torch::kCPU, torch::kFloat64).cumsum(0);
  if (sum[-1].item<double>() <= 0) sum = torch::ones_like(sum).cumsum(0);
  cumulative_ = sum / sum[-1];
}

Tensor WeightedDraw::operator()(int64_t count, RandomStream& random) const {
  const Tensor at = random.uniform({count}, 0, 1).to(torch::kFloat64);
  const Tensor row = torch::searchsorted(cumulative_, at, /*out_int32=*/false, /*right=*/true);
  return row.clamp_max(cumulative_.size(0) - 1);
}

}  // namespace reverie
