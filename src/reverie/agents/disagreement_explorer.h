// Exploration where the models disagree.
#pragma once

#include <reverie/agents/policy_gradient.h>
#include <reverie/imagination/imagination.h>
#include <reverie/imagination/starts.h>
#include <reverie/models/disagreement.h>

namespace reverie {

/// Who takes the real steps of a method that learns a model.
enum class Explorer {
  policy,        ///< Its policy.
  disagreement,  ///< A policy of its own, which seeks where the models disagree.
};
std::vector<std::string> setting_names(Explorer);

struct ExploreConfig {
  Explorer kind = Explorer::policy;
  double bonus = 0;
  double task_reward = 0;
  int64_t explorer_steps = 10;

  void describe(Settings& settings);
};

/// Rewards that are paid for disagreement (Pathak et al. 2019; Sekar et al., "Planning to explore
/// via self-supervised world models", 2020: imagined, the policy learns where to go before it has
/// been there).
Rollouts with_disagreement(Rollouts rollouts, const DynamicsModel& model, double task_reward,
                           double bonus);

/// A policy that is trained in imagination, by TRPO's default settings, to go where the members of
/// the model disagree, and collects. A random member moves it at every step.
class DisagreementExplorer {
 public:
  DisagreementExplorer(Session& session, const ExploreConfig& config, const PolicyConfig& policy,
                       const Replay& memory);

  /// Normalises its input as `normalise_inputs` does.
  void begin();
  /// Records "return/imagined_explorer", in units of disagreement (and of task reward).
  void improve(Imagination& imagination, Starts& starts, const DynamicsModel& model,
               int64_t rollouts);
  std::unique_ptr<Actor> actor() { return actor_of(policy_); }

  void serialize(Archive& archive);

 private:
  Session& session_;
  ExploreConfig config_;
  PolicyConfig policy_config_;
  const Replay& memory_;
  GaussianPolicy policy_;
  PolicyGradient gradient_;
};

}  // namespace reverie
