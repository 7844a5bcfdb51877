// The figures of an iteration's policy steps in the model.
#pragma once

#include <reverie/core/monitor.h>
#include <reverie/data/transitions.h>
#include <reverie/improvers/improver.h>

namespace reverie {

/// Gathers and records: "policy/steps"; "policy/kl" and "policy/accepted", means over the steps;
/// "policy/std"; "return/imagined_before" and "return/imagined", of the rollouts before and after
/// what improved the policy; and "imagination/episode_length" of the latter.
class PolicySteps {
 public:
  explicit PolicySteps(Monitor& monitor) : monitor_(monitor) {}

  double count() const { return count_; }

  /// A step that was made from `rollouts`. The first one's are those before, the last one's those
  /// after.
  void add(const ImprovementReport& report, const Rollouts& rollouts);
  /// A step with rollouts before and after of its own; those of the last step count.
  void add(const ImprovementReport& report, const Rollouts& before, const Rollouts& after);

  /// The method may return to the policy of this moment. Before the first call that is the policy
  /// it began with.
  void mark() { marked_ = after_; }
  /// It has returned to the marked policy, whose imagined return is recorded.
  void go_back() { after_ = marked_; }

  void record(const GaussianPolicy& policy) const;

 private:
  Monitor& monitor_;
  double count_ = 0, kl_ = 0, accepted_ = 0;
  double before_ = 0, after_ = 0, marked_ = 0, episode_length_ = 0;
};

}  // namespace reverie
