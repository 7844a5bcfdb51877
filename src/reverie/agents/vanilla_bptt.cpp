#include <reverie/agents/vanilla_bptt.h>

#include <reverie/core/archive.h>

namespace reverie {

void VanillaBpttConfig::describe(Settings& settings) {
  settings.add("policy_steps", policy_steps, "gradient steps per iteration", at_least(1));
  settings.group("pathwise", ascent);
  settings.group("pathwise", pathwise);
  DynaConfig::describe(settings);
}

VanillaBptt::VanillaBptt(const VanillaBpttConfig& config, Session& session)
    : Dyna(config, session), config_(config), ascent_(config.ascent) {}

void VanillaBptt::improve() {
  PathwiseGradient dreamt;
  double norm = 0;
  for (int64_t step = 1; step <= config_.policy_steps; ++step) {
    const Tensor from = starts_.draw(1, config_.imagine.rollouts)[0];
    dreamt = imagination_.gradient(policy_, from, config_.pathwise.options());
    if (step == 1) monitor_.record("return/imagined_before", dreamt.undiscounted);
    norm += ascent_.step(policy_, dreamt.gradient);
    monitor_.progress("improve",
                      static_cast<double>(step) / static_cast<double>(config_.policy_steps));
  }
  monitor_.record("return/imagined", dreamt.undiscounted);
  monitor_.record("imagination/episode_length", dreamt.episode_length);
  monitor_.record("policy/gradient_norm", norm / static_cast<double>(config_.policy_steps));
  monitor_.record("policy/std", mean_std(policy_));
}

void VanillaBptt::serialize(Archive& archive) {
  Dyna::serialize(archive);
  archive("ascent", ascent_);
}

}  // namespace reverie
