// Statistics of an iteration's policy steps in the model.
#pragma once

#include <reverie/core/monitor.h>
#include <reverie/data/transitions.h>
#include <reverie/improvers/improver.h>

namespace reverie {

/// Collects statistics of policy steps in the model, and records them: "policy/steps", "policy/kl",
/// "policy/accepted" and "policy/std"; "return/imagined_before" (of the first step's rollouts),
/// "return/imagined" (of the last step's, unless a method goes back) and
/// "imagination/episode_length".
class ImaginedSteps {
 public:
  explicit ImaginedSteps(Monitor& monitor) : monitor_(monitor) {}

  /// Adds a step and the rollouts that led to it.
  void add(const ImprovementReport& report, const Rollouts& rollouts);
  /// Marks the current point to go back to. Until the first call the mark is the start.
  void mark() { marked_ = last_; }
  /// Goes back to the last mark: "return/imagined" is what it was there.
  void go_back() { last_ = marked_; }
  void record(const GaussianPolicy& policy) const;

 private:
  Monitor& monitor_;
  double steps_ = 0, kl_ = 0, accepted_ = 0;
  double first_ = 0, last_ = 0, marked_ = 0, episode_length_ = 0;
};

}  // namespace reverie
