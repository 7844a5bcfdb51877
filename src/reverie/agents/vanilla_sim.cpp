#include <reverie/agents/vanilla_sim.h>

#include <reverie/agents/policy_steps.h>
#include <reverie/core/archive.h>

namespace reverie {

void VanillaSimConfig::describe(Settings& settings) {
  settings.add("policy_steps", policy_steps, "policy improvements per iteration", at_least(1));
  gradient.describe(settings);
  DynaConfig::describe(settings);
}

void VanillaSim::improve() {
  PolicySteps steps(monitor_);
  for (int64_t step = 1; step <= config_.policy_steps; ++step) {
    const Tensor from = starts_.draw(1, config_.imagine.rollouts);
    const Rollouts dreamt = imagination_.roll_out(policy_, from);
    steps.add(gradient_.improve(policy_, paid(dreamt)), dreamt);
    monitor_.progress("improve",
                      static_cast<double>(step) / static_cast<double>(config_.policy_steps));
  }
  steps.record(policy_);
}

void VanillaSim::serialize(Archive& archive) {
  Dyna::serialize(archive);
  archive("gradient", gradient_);
}

}  // namespace reverie
