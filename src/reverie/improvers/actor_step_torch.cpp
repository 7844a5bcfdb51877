#include <reverie/improvers/actor_step_torch.h>

#include <reverie/core/error.h>
#include <reverie/nn/mlp_weights.h>

#include <cmath>

namespace reverie {

Tensor policy_values_torch(const MlpShape& network, const Tensor& parameters,
                           const ActionHead& head, PolicyTraining&, QCritic& critic,
                           const Tensor& observation, const Tensor& noise, double temperature) {
  const torch::NoGradGuard no_grad;
  const Draw drawn = head.act(mlp_forward(network, parameters, observation), noise);
  const Tensor values = critic.target_q(observation, drawn.action);
  return temperature == 0 ? values : values - temperature * drawn.log_density;
}

ActorReport actor_step_torch(PolicyNetwork& policy, const ActionHead& head,
                             PolicyTraining& training, QCritic& critic, int64_t judges,
                             const Tensor& observation, const Tensor& noise, double temperature) {
  return actor_step_along(policy, head, training, observation, noise, temperature,
                          [&](const Tensor&, const Draw& drawn) {
                            const Tensor each = critic.q(observation, drawn.action);
                            return std::get<0>(each.narrow(0, 0, judges).min(0));
                          });
}

ActorReport actor_step_along(PolicyNetwork& policy, const ActionHead& head,
                             PolicyTraining& training, const Tensor& observation,
                             const Tensor& noise, double temperature, const ActionValue& worth) {
  const torch::AutoGradMode differentiates(true);
  const Tensor parameters = policy.parameters().detach().requires_grad_();
  const Draw drawn = head.act(mlp_forward(policy.shape(), parameters, observation), noise);
  const Tensor value = worth(parameters, drawn).mean();
  const Tensor log_density =
      drawn.log_density.defined() ? drawn.log_density.mean() : torch::zeros_like(value);
  const Tensor gradient =
      torch::autograd::grad({temperature * log_density - value}, {parameters})[0];
  const torch::NoGradGuard no_grad;
  const Tensor said = torch::stack({value, log_density}).to(torch::kCPU, torch::kFloat64);
  const ActorReport report{said[0].item<double>(), said[1].item<double>()};
  if (!std::isfinite(report.value + report.log_density))
    throw NonFiniteError("NaN or infinity in the policy's loss");
  training.adam.step(policy.parameters(), gradient);
  return report;
}

}  // namespace reverie
