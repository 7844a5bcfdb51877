// The vanilla loop of model-based reinforcement learning, with the model as a simulator.
#pragma once

#include <reverie/agents/dyna.h>
#include <reverie/agents/policy_gradient.h>

namespace reverie {

struct VanillaSimConfig : DynaConfig {
  int64_t policy_steps = 20;
  PolicyGradientConfig gradient;

  VanillaSimConfig() { learn.model.members = 1; }
  void describe(Settings& settings) override;
  Adaptation adaptation() const override { return gradient.adaptation(); }
};

/// Repeatedly collects, fits one model to all data, and improves the policy in the model by a
/// model-free method. Its weakness shows in its curve: the policy drifts to where the one model
/// errs in its favour (model bias; Kurutach et al. 2018, section 4), and the imagined return pulls
/// away from the real one.
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
