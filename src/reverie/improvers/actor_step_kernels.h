// The steps of actor_step.h by the CPU kernels.
#pragma once

#include <reverie/improvers/actor_step.h>

namespace reverie {

Tensor policy_values_kernels(const MlpShape& network, const Tensor& parameters,
                             const ActionHead& head, PolicyTraining& training, QCritic& critic,
                             const Tensor& observation, const Tensor& noise, double temperature);
ActorReport actor_step_kernels(PolicyNetwork& policy, const ActionHead& head,
                               PolicyTraining& training, QCritic& critic, int64_t judges,
                               const Tensor& observation, const Tensor& noise, double temperature);

}  // namespace reverie
