// Weights by how long ago a transition's policy acted.
#pragma once

#include <reverie/models/objectives/weighted_likelihood.h>

namespace reverie {

struct PmacConfig {
  double decay = 0.9;
  int64_t policy_rows = 0;

  void describe(Settings& settings);
};

/// Policy-adapted model learning (Wang et al., "Live in the moment: learning dynamics model adapted
/// to evolving policy", ICML 2023, as the baseline "PMAC" in TOM's code, utils.py): maximum
/// likelihood on transitions whose probabilities fall with each policy that has acted since. The
/// transitions that a policy collected share a mass of 1 - decay, and those of earlier policies
/// have `decay` times what they had; all rows of the first fit are alike. With `policy_rows` = 0
/// the rows between two fits are one policy's, which suits agents that collect with one policy at a
/// time. Where the policy changes between steps, `policy_rows` says after how many: TOM's runs
/// update it every 4. Rollouts start at any state alike.
class Pmac : public WeightedLikelihood {
 public:
  Pmac(const PmacConfig& config, Weigh weigh) : WeightedLikelihood(weigh), config_(config) {}

  void prepare(const FitContext& context) override;
  Tensor start_weights() const override { return {}; }
  void serialize(Archive& archive) override;

 private:
  PmacConfig config_;
  int64_t first_ = 0;              ///< rows of the first fit
  std::vector<int64_t> policies_;  ///< rows that each later policy collected, oldest first
};

}  // namespace reverie
