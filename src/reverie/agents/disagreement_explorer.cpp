#include <reverie/agents/disagreement_explorer.h>

#include <reverie/agents/new_policy.h>
#include <reverie/core/archive.h>

namespace reverie {

std::vector<std::string> setting_names(Explorer) {
  return {"policy", "disagreement"};
}

void ExploreConfig::describe(Settings& settings) {
  settings.add("kind", kind,
               "who takes the real steps: the policy, or one of its own that is trained in "
               "imagination to go where the models disagree");
  settings.add("bonus", bonus,
               "added to each imagined reward that the policy learns from: this times the models' "
               "disagreement",
               between(0, 1e6));
  settings.add("task_reward", task_reward,
               "with kind = disagreement: what the explorer is paid of the task's reward, beside "
               "the disagreement",
               between(0, 1e6));
  settings.add("explorer_steps", explorer_steps,
               "with kind = disagreement: improvements of the explorer per iteration", at_least(1));
}

Rollouts with_disagreement(Rollouts rollouts, const DynamicsModel& model, double task_reward,
                           double bonus) {
  if (task_reward == 1 && bonus == 0) return rollouts;
  const Tensor spread =
      disagreement(model, rollouts.observation.flatten(0, 2), rollouts.action.flatten(0, 2));
  rollouts.reward = task_reward * rollouts.reward + bonus * spread.view_as(rollouts.reward);
  return rollouts;
}

DisagreementExplorer::DisagreementExplorer(Session& session, const ExploreConfig& config,
                                           const PolicyConfig& policy, const Replay& memory)
    : session_(session),
      config_(config),
      policy_config_(policy),
      memory_(memory),
      policy_(new_policy(session, policy, "explorer")),
      gradient_(session, PolicyGradientConfig{}, "explorer/") {}

void DisagreementExplorer::begin() {
  normalise_inputs(policy_, policy_config_, memory_);
}

void DisagreementExplorer::improve(Imagination& imagination, Starts& starts,
                                   const DynamicsModel& model, int64_t rollouts) {
  double imagined = 0;
  for (int64_t step = 0; step < config_.explorer_steps; ++step) {
    const Rollouts dreamt =
        with_disagreement(imagination.roll_out(policy_, starts.draw(1, rollouts), Members::step),
                          model, config_.task_reward, 1);
    gradient_.improve(policy_, dreamt);
    imagined = first_returns(dreamt).mean().item<double>();
  }
  session_.monitor().record("return/imagined_explorer", imagined);
}

void DisagreementExplorer::serialize(Archive& archive) {
  archive("policy", policy_);
  archive("gradient", gradient_);
}

}  // namespace reverie
