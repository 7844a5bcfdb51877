// The critic's step by torch: what runs on CUDA.
#include <reverie/core/error.h>
#include <reverie/nn/mlp_weights.h>
#include <reverie/values/q_critic.h>

#include <cmath>

namespace reverie {

QCritic::Report QCritic::fit_torch(const Tensor& observation, const Tensor& action,
                                   const Tensor& target, bool follow) {
  const torch::AutoGradMode differentiates(true);
  const Tensor weights = weights_.detach().requires_grad_();
  const Tensor input = torch::cat({observation, action}, 1).expand({members(), -1, -1});
  const Tensor values = mlp_forward(shape_, weights, input).squeeze(2);
  const Tensor losses = 0.5 * (values - target).square().mean(1);
  const Tensor gradient = torch::autograd::grad({losses.sum()}, {weights})[0];
  const torch::NoGradGuard no_grad;
  const Tensor said = torch::stack({losses.mean(), values.mean()}).to(torch::kCPU, torch::kFloat64);
  const Report report{said[0].item<double>(), said[1].item<double>()};
  if (!std::isfinite(report.loss)) throw NonFiniteError("NaN or infinity in the critic's loss");
  adam_.step(weights_, gradient);
  if (follow) target_.lerp_(weights_, target_rate_);
  return report;
}

}  // namespace reverie
