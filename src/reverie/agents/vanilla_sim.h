// The vanilla loop of model-based reinforcement learning, its model used as a simulator.
#pragma once

#include <reverie/agents/dyna.h>
#include <reverie/agents/policy_gradient.h>

namespace reverie {

struct VanillaSimConfig : DynaConfig {
  int64_t policy_steps = 20;
  PolicyGradientConfig gradient;

  VanillaSimConfig() { learn.model.members = 1; }
  void describe(Settings& settings) override;
};

/// Collect, fit one model to all data, improve the policy in the model by a model-free method;
/// again. What it lacks shows in its curve: the policy comes to live where the one model errs in
/// its favour (model bias; Kurutach et al. 2018, section 4), and the imagined return leaves the
/// real one behind.
class VanillaSim : public Dyna {
 public:
  VanillaSim(const VanillaSimConfig& config, Session& session)
      : Dyna(config, session, 1, Members::step),
        config_(config),
        gradient_(session, config.gradient) {}

  void serialize(Archive& archive) override;

 private:
  void improve() override;

  VanillaSimConfig config_;
  PolicyGradient gradient_;
};

}  // namespace reverie
