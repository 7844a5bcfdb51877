// The vanilla loop, with the policy improved by backpropagation through the model.
#pragma once

#include <reverie/agents/dyna.h>
#include <reverie/imagination/pathwise.h>
#include <reverie/improvers/ascent.h>

namespace reverie {

struct VanillaBpttConfig : DynaConfig {
  int64_t policy_steps = 50;
  PathwiseConfig pathwise;
  AscentConfig ascent;

  VanillaBpttConfig() { learn.model.members = 1; }
  void describe(Settings& settings) override;
};

/// Repeatedly collects, fits a model to all data, and follows the gradient of the imagined return
/// through model, reward and policy. Several models are averaged (Kurutach et al. 2018, section
/// 5.2: "BPTT"). Its weakness: over long horizons the gradients vanish or explode, and the policy
/// exploits the model's errors as it does in vanilla-sim.
class VanillaBptt : public Dyna {
 public:
  VanillaBptt(const VanillaBpttConfig& config, Session& session);

  void serialize(Archive& archive) override;

 private:
  void improve() override;

  VanillaBpttConfig config_;
  Ascent ascent_;
};

}  // namespace reverie
