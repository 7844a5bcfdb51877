// Statistics of an iteration's meta-steps.
#pragma once

#include <reverie/core/monitor.h>
#include <reverie/data/transitions.h>
#include <reverie/improvers/improver.h>

namespace reverie {

/// Collects statistics of meta-steps, and records them: "policy/kl", "policy/accepted" and
/// "policy/std"; "return/imagined_before" and "return/imagined", "imagination/episode_length".
class MetaStepTally {
 public:
  explicit MetaStepTally(Monitor& monitor) : monitor_(monitor) {}

  double steps() const { return steps_; }

  /// Adds a step, with the rollouts of the meta-policy and of the adapted policies that led to it.
  void add(const ImprovementReport& report, const Rollouts& before, const Rollouts& after);
  /// Records means over the steps, or the last step's values.
  void record(const GaussianPolicy& policy) const;

 private:
  Monitor& monitor_;
  double steps_ = 0, kl_ = 0, accepted_ = 0;
  double imagined_before_ = 0, imagined_after_ = 0, episode_length_ = 0;
};

}  // namespace reverie
