// What the policy steps of an iteration in the model came to.
#pragma once

#include <reverie/core/monitor.h>
#include <reverie/data/transitions.h>
#include <reverie/improvers/improver.h>

namespace reverie {

/// Gathers the figures of policy steps in the model, and records them: "policy/steps", "policy/kl",
/// "policy/accepted" and "policy/std"; "return/imagined_before" (of the first step's rollouts),
/// "return/imagined" (of the last step's, unless a method goes back) and
/// "imagination/episode_length".
class ImaginedSteps {
 public:
  explicit ImaginedSteps(Monitor& monitor) : monitor_(monitor) {}

  /// A step, and the rollouts that led to it.
  void add(const ImprovementReport& report, const Rollouts& rollouts);
  /// The method may come back to where it stands now. Before the first one that is where it began.
  void mark() { marked_ = last_; }
  /// It has gone back to the last mark: the steps since then count for nothing.
  void go_back() { last_ = marked_; }
  void record(const GaussianPolicy& policy) const;

 private:
  Monitor& monitor_;
  double steps_ = 0, kl_ = 0, accepted_ = 0;
  double first_ = 0, last_ = 0, marked_ = 0, episode_length_ = 0;
};

}  // namespace reverie
