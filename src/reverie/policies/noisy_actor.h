// A policy that explores by noise on its parameters and on its actions.
#pragma once

#include <reverie/envs/task.h>
#include <reverie/policies/actor.h>

namespace reverie {

/// Explores as ME-TRPO does (thanard/me-trpo, env_helpers.py): in each episode with parameters that
/// are off by `spread` [p] times normal noise (undefined: none), by the mean action, to which
/// `action_noise` times a uniform factor times normal noise is added, all drawn at each step, and
/// which is clipped to its range. With `action_noise` 0 actions have the policy's own noise. Draws
/// parameters from `random`. Exploits by the policy's mean.
std::unique_ptr<Actor> noisy_actor(const GaussianPolicy& policy, const TaskSpec& spec,
                                   const Tensor& spread, double action_noise, RandomStream& random);

}  // namespace reverie
