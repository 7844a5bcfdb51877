// SLBO: stochastic lower bound optimisation.
#pragma once

#include <reverie/agents/dyna.h>
#include <reverie/agents/policy_gradient.h>

namespace reverie {

struct SlboConfig : DynaConfig {
  int64_t inner_iterations = 20;
  int64_t policy_steps = 40;
  double noise = 0;
  double noise_decay = 0.15;
  PolicyGradientConfig gradient;

  SlboConfig();
  void describe(Settings& settings) override;
  Adaptation adaptation() const override { return gradient.adaptation(); }
};

/// Luo et al., "Algorithmic framework for model-based deep reinforcement learning with theoretical
/// guarantees" (2019), algorithm 2: a lower bound of the real return, the imagined return minus the
/// model's error, is maximised over policy and model in alternation, several steps each. A turn's
/// model steps are one fit (n_model = fit.epochs fit.epoch_rows / fit.batch) of the multi-step
/// error (objective.steps).
class Slbo : public Dyna {
 public:
  Slbo(const SlboConfig& config, Session& session)
      : Dyna(config, session, 1, Members::step),
        config_(config),
        gradient_(session, config.gradient) {}

  std::vector<Phase> iteration() override;
  void serialize(Archive& archive) override;

 private:
  std::unique_ptr<Actor> explorer() override;
  void improve() override;

  SlboConfig config_;
  PolicyGradient gradient_;
};

}  // namespace reverie
