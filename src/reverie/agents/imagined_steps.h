// What the policy steps of an iteration in the model came to.
#pragma once

#include <reverie/core/monitor.h>
#include <reverie/data/transitions.h>
#include <reverie/improvers/improver.h>

namespace reverie {

/// Gathers the figures of policy steps in the model, and records them: "policy/steps", "policy/kl",
/// "policy/accepted" and "policy/std"; "return/imagined_before" (of the first step's rollouts),
/// "return/imagined" (of those that led to the policy that was kept last) and
/// "imagination/episode_length".
class ImaginedSteps {
 public:
  explicit ImaginedSteps(Monitor& monitor) : monitor_(monitor) {}

  /// A step, and the rollouts that led to it.
  void add(const ImprovementReport& report, const Rollouts& rollouts);
  /// The last step's policy is kept. Where none is, the first rollouts' return is recorded.
  void keep() { kept_ = last_; }
  void record(const GaussianPolicy& policy) const;

 private:
  Monitor& monitor_;
  double steps_ = 0, kl_ = 0, accepted_ = 0;
  double first_ = 0, last_ = 0, kept_ = 0, episode_length_ = 0;
};

}  // namespace reverie
