// Measures fast adaptation: a few policy-gradient steps on real rollouts.
#pragma once

#include <reverie/agents/agent.h>
#include <reverie/data/transitions.h>
#include <reverie/envs/environment.h>
#include <reverie/envs/task_entry.h>
#include <reverie/policies/gaussian_policy.h>

namespace reverie {

struct AdaptOptions {
  int64_t steps = 1;      ///< Policy-gradient steps.
  int64_t episodes = 20;  ///< Rollouts of the task's horizon per step.
  Adaptation by = {};
};

/// Rollouts [1, episodes, horizon, …] of the policy with sampled actions, in fresh environments.
Rollouts collect_rollouts(const GaussianPolicy& policy, const TaskEntry& task, const EnvConfig& env,
                          int64_t episodes, const RandomStream& random);

/// Returns the policy after `steps` steps, each on fresh rollouts of the current policy: the inner
/// step of MB-MPO, taken in the real environment instead of a model (Clavera et al. 2018, section
/// 5.3). Throws NonFiniteError where a gradient is not finite.
GaussianPolicy adapt_in_world(const GaussianPolicy& policy, const TaskEntry& task,
                              const EnvConfig& env, const AdaptOptions& options,
                              const RandomStream& random);

}  // namespace reverie
