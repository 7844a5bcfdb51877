// How on-policy methods learn from rollouts: advantages, and a step that follows them.
#pragma once

#include <reverie/collect/session.h>
#include <reverie/improvers/choice.h>
#include <reverie/values/advantage_estimator.h>

namespace reverie {

/// `improver`, `trpo.…`, `ppo.…`, `vpg.…` and `advantage.…` in the settings of an on-policy method.
struct PolicyGradientConfig {
  ImproverConfig improver;
  EstimatorConfig advantage;

  void describe(Settings& settings);
};

/// The two parts, for one policy.
class PolicyGradient {
 public:
  /// Its random streams are the session's, with `prefix`.
  PolicyGradient(Session& session, const PolicyGradientConfig& config,
                 const std::string& prefix = "");

  /// The samples that a policy learns from (fits the baseline on the way).
  PolicyBatch samples(const Rollouts& rollouts) { return estimator_(rollouts); }

  /// A step on a problem made of samples.
  ImprovementReport step(GaussianPolicy& policy, const PolicyProblem& problem) {
    return improver_->step(policy, problem);
  }

  /// Improves the policy that acted in `rollouts`: samples, surrogate, step.
  ImprovementReport improve(GaussianPolicy& policy, const Rollouts& rollouts);

  void serialize(Archive& archive);

 private:
  AdvantageEstimator estimator_;
  std::unique_ptr<Improver> improver_;
};

}  // namespace reverie
