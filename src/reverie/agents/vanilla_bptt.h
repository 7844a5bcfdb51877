// The vanilla loop, the policy improved by backpropagation through the model.
#pragma once

#include <reverie/agents/dyna.h>
#include <reverie/improvers/pathwise.h>

namespace reverie {

struct VanillaBpttConfig : DynaConfig {
  int64_t policy_steps = 50;
  PathwiseConfig pathwise;

  VanillaBpttConfig() { learn.model.members = 1; }
  void describe(Settings& settings) override;
};

/// Collect, fit a model to all data, and follow the gradient of the imagined return through model,
/// reward and policy; again. With several models the mean over them (Kurutach et al. 2018, section
/// 5.2: "BPTT"). What it lacks: over long horizons the gradients vanish or explode, and the policy
/// exploits the model's errors as it does in vanilla-sim.
class VanillaBptt : public Dyna {
 public:
  VanillaBptt(const VanillaBpttConfig& config, Session& session);

  void serialize(Archive& archive) override;

 private:
  void improve() override;

  VanillaBpttConfig config_;
  Pathwise improver_;
};

}  // namespace reverie
