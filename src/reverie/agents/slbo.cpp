#include <reverie/agents/slbo.h>

#include <reverie/agents/policy_steps.h>
#include <reverie/core/archive.h>
#include <reverie/policies/correlated_noise.h>

namespace reverie {

SlboConfig::SlboConfig() {
  learn.model.members = 1;
  learn.objective.kind = ObjectiveKind::multi_step;
}

void SlboConfig::describe(Settings& settings) {
  settings.add("inner_iterations", inner_iterations,
               "turns of model and policy per iteration (n_inner)", at_least(1));
  settings.add("policy_steps", policy_steps, "policy improvements of a turn (n_policy)",
               at_least(1));
  settings.add(
      "noise", noise,
      "of the Ornstein-Uhlenbeck process that is added to the actions that collect, sigma; "
      "0: the policy's own noise alone",
      between(0, 100));
  settings.add("noise_decay", noise_decay, "and how much of it decays in a step, theta",
               between(0, 1));
  gradient.describe(settings);
  DynaConfig::describe(settings);
}

std::vector<Phase> Slbo::iteration() {
  return {{"collect", [this] { collect(); }}, {"learn", [this] { practise(); }}};
}

std::unique_ptr<Actor> Slbo::explorer() {
  if (config_.noise == 0) return actor();
  return with_correlated_noise(actor(), config_.noise_decay, config_.noise);
}

void Slbo::improve() {
  PolicySteps steps(monitor_);
  for (int64_t turn = 1; turn <= config_.inner_iterations; ++turn) {
    fit();
    for (int64_t step = 1; step <= config_.policy_steps; ++step) {
      const Tensor from = starts_.draw(1, config_.imagine.rollouts);
      const Rollouts dreamt = imagination_.roll_out(policy_, from);
      steps.add(gradient_.improve(policy_, paid(dreamt)), dreamt);
    }
    monitor_.progress("learn",
                      static_cast<double>(turn) / static_cast<double>(config_.inner_iterations));
  }
  steps.record(policy_);
}

void Slbo::serialize(Archive& archive) {
  Dyna::serialize(archive);
  archive("gradient", gradient_);
}

}  // namespace reverie
