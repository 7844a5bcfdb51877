// What an actor-critic's policy ascends where the gradient goes through a model.
#pragma once

#include <reverie/core/settings.h>
#include <reverie/envs/task.h>
#include <reverie/models/dynamics_model.h>
#include <reverie/policies/squashed_gaussian.h>
#include <reverie/values/critic.h>

namespace reverie {

struct PathwiseValueConfig {
  int64_t horizon = 0;
  bool soft = false;

  void describe(Settings& settings) {
    settings.add("horizon", horizon,
                 "imagined steps that the policy's gradient goes through before the critic stands "
                 "for the rest; 0: none, the critic alone",
                 between(0, 100));
    settings.add("soft", soft,
                 "whether the entropy of the imagined actions counts too, not only the first's");
  }
};

/// Returns, for each state s_0 of `observation` [n, o] and its action a_0 drawn by the policy
/// `parameters`,
///
///     sum_{t < H} gamma^t r(s_t, a_t, s_{t+1}) + gamma^H min_k Q_k(s_H, a_H),
///
/// with later actions of the policy and s_{t+1} the mean prediction of one elite, drawn for each
/// row and step: [n], differentiable in the parameters through states, rewards and values (Clavera
/// et al., "Model-augmented actor-critic: backpropagating through paths", 2020, equation 3). If
/// `config.soft`, r is less temperature * log pi(a_t | s_t) for t > 0, as is the last value (Amos
/// et al., "On the model-based stochastic value gradient for continuous reinforcement learning",
/// 2021). Nothing counts beyond an end.
Tensor pathwise_value(const Task& task, const DynamicsModel& model,
                      const SquashedGaussianPolicy& policy, const Critic& critic,
                      const Tensor& parameters, const Tensor& observation, const Draw& first,
                      const PathwiseValueConfig& config, double discount, double temperature,
                      RandomStream& random);

}  // namespace reverie
