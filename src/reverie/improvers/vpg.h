// Vanilla policy gradient.
#pragma once

#include <reverie/improvers/improver.h>
#include <reverie/nn/vector_adam.h>

namespace reverie {

struct VpgConfig {
  double learning_rate = 1e-2;
  bool adam = true;

  void describe(Settings& settings) {
    settings.add("learning_rate", learning_rate, "step size of the policy gradient", at_least(0));
    settings.add("adam", adam, "whether Adam scales the step; plain ascent otherwise");
  }
};

/// One step along the policy gradient (REINFORCE, Williams 1992, with the advantages of the batch):
/// at the parameters that acted, the surrogate's gradient is the policy gradient.
class Vpg : public Improver {
 public:
  explicit Vpg(const VpgConfig& config) : config_(config), adam_(config.learning_rate) {}
  ImprovementReport step(Policy& policy, const PolicyProblem& problem) override;
  void serialize(Archive& archive) override { adam_.serialize(archive); }

 private:
  VpgConfig config_;
  VectorAdam adam_;
};

}  // namespace reverie
