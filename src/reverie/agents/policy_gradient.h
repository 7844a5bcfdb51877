// How on-policy methods learn from rollouts: advantages, and a step that follows them.
#pragma once

#include <reverie/agents/agent.h>
#include <reverie/collect/session.h>
#include <reverie/improvers/choice.h>
#include <reverie/values/advantage_estimator.h>

namespace reverie {

/// `improver`, `trpo.…`, `ppo.…`, `vpg.…` and `advantage.…` in the settings of an on-policy method.
struct PolicyGradientConfig {
  ImproverConfig improver;
  EstimatorConfig advantage;

  void describe(Settings& settings);
  Adaptation adaptation() const {
    return {.advantage = advantage,
            .keys = {"advantage.discount", "advantage.gae_lambda", "advantage.bootstrap"}};
  }
};

/// An advantage estimator and an improver, for one policy.
class PolicyGradient {
 public:
  /// Uses the session's random streams, with `prefix` before their names.
  PolicyGradient(Session& session, const PolicyGradientConfig& config,
                 const std::string& prefix = "");

  /// Returns the samples that a policy learns from; also fits the baseline.
  PolicyBatch samples(const Rollouts& rollouts) { return estimator_(rollouts); }

  /// Takes a step on a problem built from samples.
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
