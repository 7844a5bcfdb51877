// The steps of actor_step.h by torch: what runs on CUDA.
#pragma once

#include <reverie/improvers/actor_step.h>

namespace reverie {

Tensor policy_values_torch(const MlpShape& network, const Tensor& parameters,
                           const ActionHead& head, PolicyTraining& training, QCritic& critic,
                           const Tensor& observation, const Tensor& noise, double temperature);
ActorReport actor_step_torch(PolicyNetwork& policy, const ActionHead& head,
                             PolicyTraining& training, QCritic& critic, int64_t judges,
                             const Tensor& observation, const Tensor& noise, double temperature);

}  // namespace reverie
