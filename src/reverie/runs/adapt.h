// Fast adaptation, measured: a few policy-gradient steps on real rollouts.
#pragma once

#include <reverie/data/transitions.h>
#include <reverie/envs/environment.h>
#include <reverie/policies/gaussian_policy.h>
#include <reverie/values/advantage.h>

namespace reverie {

struct AdaptOptions {
  int64_t steps = 1;      ///< Policy-gradient steps.
  int64_t episodes = 20;  ///< Rows of a task's horizon that each step learns from.
  double learning_rate = 1e-3;
  AdvantageConfig advantage;
};

/// Rollouts [1, episodes, horizon, …] of the policy, actions sampled, in environments of their own.
Rollouts collect_rollouts(const GaussianPolicy& policy, const TaskEntry& task, const EnvConfig& env,
                          int64_t episodes, const RandomStream& random);

/// The policy after `steps` steps, each on fresh rollouts of the policy it steps from: what the
/// inner step of MB-MPO does in a model, done in the world (Clavera et al. 2018, section 5.3).
/// Throws NonFiniteError where a gradient is not finite.
GaussianPolicy adapt_in_world(const GaussianPolicy& policy, const TaskEntry& task,
                              const EnvConfig& env, const AdaptOptions& options,
                              const RandomStream& random);

}  // namespace reverie
