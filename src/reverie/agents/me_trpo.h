// ME-TRPO: model-ensemble trust region policy optimisation.
#pragma once

#include <reverie/agents/dyna.h>
#include <reverie/agents/policy_gradient.h>

namespace reverie {

/// When policy improvement in the models stops.
enum class Stop {
  vote,  ///< When too few of the models see an improvement (Kurutach et al. 2018, section 4.2.3).
  real,  ///< When the real task shows none: an oracle, whose steps are not counted.
  none,  ///< After `most_steps`.
};
std::vector<std::string> setting_names(Stop);

struct MeTrpoConfig : DynaConfig {
  int64_t most_steps = 400;
  Stop stop = Stop::vote;
  int64_t vote_every = 5;
  double votes = 0.7;
  int64_t vote_rollouts = 50;
  int64_t patience = 25;
  double reset_std = 0;
  double parameter_noise = 0;
  double action_noise = 0;
  Members members = Members::step;
  PolicyGradientConfig gradient;

  MeTrpoConfig() { gradient.improver.is_chosen = false; }
  void describe(Settings& settings) override;
  Adaptation adaptation() const override { return gradient.adaptation(); }
};

/// Kurutach et al., "Model-ensemble trust-region policy optimization" (2018), algorithm 2: the
/// policy is improved on rollouts in which every step is predicted by a random member of an
/// ensemble, until the members no longer agree that it improves; then the best policy is restored.
class MeTrpo : public Dyna {
 public:
  MeTrpo(const MeTrpoConfig& config, Session& session);

  void serialize(Archive& archive) override;

 private:
  std::unique_ptr<Actor> explorer() override;
  void improve() override;

  /// The mean actions' return [judges] in each judge: every model, or only the real task.
  Tensor judged();
  Tensor judged_by_models();
  Tensor judged_by_the_world();

  MeTrpoConfig config_;
  PolicyGradient gradient_;
  RandomStream judge_random_, noise_random_;
  Tensor last_change_;  ///< [p]: parameter change in the last `improve`; undefined before it.
};

/// ME-TRPO with PPO as the improver, published alongside it ("ME-PPO").
struct MePpoConfig : MeTrpoConfig {
  MePpoConfig() { gradient.improver.kind = ImproverKind::ppo; }
};

}  // namespace reverie
