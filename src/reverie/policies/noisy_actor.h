// A policy that explores with parameter noise and action noise.
#pragma once

#include <reverie/envs/task.h>
#include <reverie/policies/actor.h>

namespace reverie {

/// Explores as ME-TRPO does (thanard/me-trpo, env_helpers.py). In each episode, perturbs the
/// parameters by `spread` [p] times normal noise (undefined: none). At each step, adds
/// `action_noise` times a uniform factor times normal noise to the mean action, both drawn anew,
/// and clips to the action range. With `action_noise` 0, actions have the policy's own noise.
/// Parameter noise is drawn from `random`. Exploits with the policy's mean.
std::unique_ptr<Actor> noisy_actor(const Policy& policy, const TaskSpec& spec, const Tensor& spread,
                                   double action_noise, RandomStream& random);

}  // namespace reverie
