#include <reverie/improvers/actor_step.h>

#include <reverie/core/error.h>
#include <reverie/improvers/actor_step_kernels.h>
#include <reverie/improvers/actor_step_torch.h>
#include <reverie/nn/kernels/choice.h>

#include <cmath>

namespace reverie {

Tensor policy_values(const MlpShape& network, const Tensor& parameters, const ActionHead& head,
                     PolicyTraining& training, QCritic& critic, const Tensor& observation,
                     const Tensor& noise, double temperature) {
  const auto chosen = kernels::serve(parameters) ? policy_values_kernels : policy_values_torch;
  return chosen(network, parameters, head, training, critic, observation, noise, temperature);
}

ActorReport actor_step(PolicyNetwork& policy, const ActionHead& head, PolicyTraining& training,
                       QCritic& critic, int64_t judges, const Tensor& observation,
                       const Tensor& noise, double temperature) {
  const auto chosen = kernels::serve(policy.parameters()) ? actor_step_kernels : actor_step_torch;
  return chosen(policy, head, training, critic, judges, observation, noise, temperature);
}

}  // namespace reverie
