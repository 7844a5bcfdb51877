// Taking over what another run of a method has learned.
#pragma once

#include <reverie/core/archive.h>
#include <reverie/models/learner.h>
#include <reverie/policies/gaussian_policy.h>

#include <functional>
#include <string>

namespace reverie {

/// Parts taken over from a saved agent, each as a whole or not at all.
class TakingOver {
 public:
  explicit TakingOver(Archive& saved) : saved_(saved) {}

  /// The policy saved as "agent/policy": true where it has the shape of `policy`, whose parameters
  /// it then becomes. The floor of the standard deviation stays this one's.
  bool policy(GaussianPolicy& policy, const PolicyConfig& config);
  /// The model that a learner saved as "agent/learner".
  bool model(ModelLearner& learner);

  /// What was taken, and what wasn't and why. Throws UsageError where nothing was.
  std::string in_words() const;

 private:
  bool attempt(const std::string& name, const std::function<void()>& take);

  Archive& saved_;
  std::string taken_, left_;
};

}  // namespace reverie
