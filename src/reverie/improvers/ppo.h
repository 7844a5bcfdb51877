// Proximal policy optimisation.
#pragma once

#include <reverie/improvers/improver.h>
#include <reverie/nn/vector_adam.h>

namespace reverie {

struct PpoConfig {
  double clip = 0.2;
  double learning_rate = 1e-3;
  int64_t epochs = 8;
  int64_t batch = 0;
  double kl_coefficient = 0.0;
  bool adaptive_kl = false;
  double kl_target = 0.01;
  double max_kl = 0;

  void describe(Settings& settings) {
    settings.add("clip", clip, "how far a probability ratio may leave 1", at_least(1e-6));
    settings.add("learning_rate", learning_rate, "Adam's step size", at_least(0));
    settings.add("epochs", epochs, "passes over the same samples", at_least(1));
    settings.add("batch", batch, "samples of a minibatch, a step of Adam each; 0: all at once",
                 at_least(0));
    settings.add("kl_coefficient", kl_coefficient, "weight of the KL penalty", at_least(0));
    settings.add("adaptive_kl", adaptive_kl, "whether the KL penalty's weight follows kl_target");
    settings.add("kl_target", kl_target, "divergence that an adaptive penalty aims at",
                 at_least(1e-12));
    settings.add(
        "max_kl", max_kl,
        "divergence from the policy that acted, in nats, beyond which a pass is taken back "
        "and the step ends; 0: any",
        at_least(0));
  }
};

/// PPO (Schulman et al., "Proximal policy optimization algorithms", 2017): Adam on the clipped
/// surrogate, with a KL penalty where its weight is not 0. An adaptive weight is doubled after a
/// step whose divergence exceeded 1.5 times the target and halved below the target / 1.5 (their
/// §4). With `max_kl` a pass that
/// leads too far is taken back, and ends the step: near a solved task, where advantages are noise
/// and the policy is narrow, the clip alone lets one step leave it altogether. Adam's moments last
/// from step to step.
class Ppo : public Improver {
 public:
  /// Minibatches are drawn from `random`.
  explicit Ppo(const PpoConfig& config, RandomStream random = {})
      : config_(config),
        random_(random),
        kl_coefficient_(config.kl_coefficient),
        adam_(config.learning_rate) {}
  ImprovementReport step(Policy& policy, const PolicyProblem& problem) override;
  void serialize(Archive& archive) override;

 private:
  /// Splits the rows of a pass into minibatches; an undefined tensor stands for all rows.
  std::vector<Tensor> minibatches(const PolicyProblem& problem);

  PpoConfig config_;
  RandomStream random_;
  double kl_coefficient_;
  VectorAdam adam_;
};

}  // namespace reverie
