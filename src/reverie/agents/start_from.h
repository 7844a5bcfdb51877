// Taking over what another run of a method has learned.
#pragma once

#include <reverie/core/archive.h>
#include <reverie/improvers/actor_critic.h>
#include <reverie/models/learner.h>
#include <reverie/policies/gaussian_policy.h>

#include <functional>
#include <string>

namespace reverie {

/// Takes over parts of a saved agent, each as a whole or not at all.
class TakingOver {
 public:
  explicit TakingOver(Archive& saved) : saved_(saved) {}

  /// Sets the parameters of `policy` to those saved as "agent/policy" and returns true, if the
  /// shapes match. The floor of the standard deviation is not taken over.
  bool policy(GaussianPolicy& policy, const PolicyConfig& config);
  /// Likewise for all that an actor-critic saved as "agent/actor_critic".
  bool actor_critic(ActorCritic& actor_critic);
  /// Likewise for the model that a learner saved as "agent/learner".
  bool model(ModelLearner& learner);

  /// Returns what was taken, and what was not and why. Throws UsageError where nothing was.
  std::string in_words() const;

 private:
  bool attempt(const std::string& name, const std::function<void()>& take);

  Archive& saved_;
  std::string taken_, left_;
};

}  // namespace reverie
