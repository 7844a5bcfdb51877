#include <reverie/values/advantage_torch.h>

namespace reverie {

Tensor generalized_advantages_torch(const Rollouts& rollouts, const Tensor& values, double discount,
                                    double lambda, const Tensor& bootstrap) {
  const torch::NoGradGuard no_grad;
  const int64_t horizon = rollouts.horizon();
  const auto reward = rollouts.reward.to(torch::kFloat64);
  const auto value = values.defined() ? values.to(reward.options()) : torch::zeros_like(reward);
  auto ends = rollouts.terminated | rollouts.truncated;
  ends.select(2, horizon - 1).fill_(true);
  auto beyond = torch::zeros_like(reward);
  if (bootstrap.defined())
    beyond = torch::where(rollouts.terminated, beyond, bootstrap.to(reward.options()));
  const auto next_value = torch::where(ends, beyond, value.roll(-1, 2));

  // A_t = delta_t + c_t A_{t+1}, with c_t = 0 where an episode ends. Instead of `horizon` steps
  // backwards, log2(horizon) doublings: after one of length d, A_t = sum_t + factor_t A_{t+d},
  // where sum and factor cover d steps.
  auto sum = reward + discount * next_value - value;
  auto factor = discount * lambda * ends.logical_not().to(torch::kFloat64);
  for (int64_t d = 1; d < horizon; d *= 2) {
    const auto later = [&](const Tensor& x) {
      return torch::constant_pad_nd(x.slice(2, d), {0, d}, 0);
    };
    sum = sum + factor * later(sum);
    factor = factor * later(factor);
  }
  return sum.to(torch::kFloat32);
}

Tensor normalized_torch(const Tensor& advantages, const Tensor& counted) {
  const auto x = advantages.detach().to(torch::kFloat64).flatten(1);
  if (counted.defined()) {
    const auto left_out = counted.flatten(1).logical_not();
    const auto number = counted.flatten(1).sum(1, true);
    const auto mean = x.masked_fill(left_out, 0).sum(1, true) / number;
    const auto centred = (x - mean).masked_fill(left_out, 0);
    const auto deviation = (centred.square().sum(1, true) / number).sqrt();
    return (centred / (deviation + 1e-8)).view_as(advantages).to(torch::kFloat32);
  }
  const auto centred = x - x.mean(1, true);
  const auto deviation = centred.square().mean(1, true).sqrt();
  return (centred / (deviation + 1e-8)).view_as(advantages).to(torch::kFloat32);
}

}  // namespace reverie
