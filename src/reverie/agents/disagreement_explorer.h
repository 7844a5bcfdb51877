// Exploration where the models disagree.
#pragma once

#include <reverie/agents/policy_gradient.h>
#include <reverie/imagination/imagination.h>
#include <reverie/imagination/starts.h>
#include <reverie/models/disagreement.h>

namespace reverie {

/// Who takes the real steps of a method that learns a model.
enum class Explorer {
  policy,        ///< The method's policy.
  disagreement,  ///< A separate policy that seeks out disagreement between the models.
};
std::vector<std::string> setting_names(Explorer);

struct ExploreConfig {
  Explorer kind = Explorer::policy;
  double bonus = 0;
  double task_reward = 0;
  int64_t explorer_steps = 10;

  void describe(Settings& settings);
};

/// Returns the rollouts with reward task_reward * reward + bonus * disagreement (Pathak et al.
/// 2019; Sekar et al., "Planning to explore via self-supervised world models", 2020: in imagination
/// the policy learns where to go before it has been there).
Rollouts with_disagreement(Rollouts rollouts, const DynamicsModel& model, double task_reward,
                           double bonus);

/// A policy trained in imagination, with TRPO's default settings, to collect data where the model's
/// members disagree. A random member predicts each imagined step.
class DisagreementExplorer {
 public:
  DisagreementExplorer(Session& session, const ExploreConfig& config, const PolicyConfig& policy,
                       const Replay& memory);

  /// Normalises the policy's input; see `normalise_inputs`.
  void begin();
  /// Records "return/imagined_explorer", in units of disagreement (and task reward).
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
