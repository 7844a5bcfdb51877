// What actor-critics compute with a policy and a critic: a policy's values, and a step up them.
#pragma once

#include <reverie/policies/policy_network.h>
#include <reverie/values/q_critic.h>

#include <functional>

namespace reverie {

/// Adam and working memory of a policy in training.
struct PolicyTraining {
  PolicyTraining(const PolicyNetwork& policy, double learning_rate, torch::Device device)
      : adam(1, policy.shape().effective_count(), learning_rate, 0.9, device) {}

  MlpAdam adam;
  kernels::TrainedPasses passes;
  std::vector<float> input, action, action_gradient, log_density;
};

/// Returns Q'_k(s, a) - temperature * log pi(a | s) by the critic's slow copy, at observations [n,
/// o] and the actions that `head` makes of the outputs of the network `parameters` and of `noise`
/// [n, a] (undefined: none): [K, n]. Without a gradient. Without a temperature, `head` needs no
/// density.
Tensor policy_values(const MlpShape& network, const Tensor& parameters, const ActionHead& head,
                     PolicyTraining& training, QCritic& critic, const Tensor& observation,
                     const Tensor& noise, double temperature);

struct ActorReport {
  double value = 0;        ///< The mean over rows of min_k Q_k.
  double log_density = 0;  ///< The mean of log pi(a | s); 0 without noise.
};

/// One step of Adam of `policy` up the mean over rows of min_k Q_k(s, a) - temperature * log
/// pi(a | s), k being the critic's first `judges` members, a as above: the gradient flows through
/// the action, noise given. Throws NonFiniteError, leaving the policy as it is, where that mean is
/// not finite.
ActorReport actor_step(PolicyNetwork& policy, const ActionHead& head, PolicyTraining& training,
                       QCritic& critic, int64_t judges, const Tensor& observation,
                       const Tensor& noise, double temperature);

/// The worth [n] of actions that a policy with some parameters [p] has drawn at a batch's states,
/// differentiable in both.
using ActionValue = std::function<Tensor(const Tensor& parameters, const Draw& drawn)>;

/// The same step up the mean of another worth, less temperature * log pi(a | s): by torch.
ActorReport actor_step_along(PolicyNetwork& policy, const ActionHead& head,
                             PolicyTraining& training, const Tensor& observation,
                             const Tensor& noise, double temperature, const ActionValue& worth);

}  // namespace reverie
