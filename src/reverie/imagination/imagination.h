// An agent's imagination: rollouts in its model, counted.
#pragma once

#include <reverie/collect/session.h>
#include <reverie/core/settings.h>
#include <reverie/imagination/imagine.h>
#include <reverie/imagination/pathwise.h>

namespace reverie {

struct ImagineConfig {
  int64_t rollouts = 10;
  int64_t horizon = 0;

  void describe(Settings& settings) {
    settings.add("rollouts", rollouts, "imagined rollouts of each policy, at a time",
                 between(1, 1e6));
    settings.add("horizon", horizon, "steps of an imagined rollout; 0: the task's horizon",
                 between(0, 1e6));
  }
};

/// Rolls out policies in a model that is being learned, as it currently stands. The session counts
/// the steps and the seconds.
class Imagination {
 public:
  /// `model` must outlive it. Every call draws from its own substream of the session's stream
  /// "imagine".
  Imagination(Session& session, const DynamicsModel& model, const ImagineConfig& config,
              Members members = Members::fixed);

  /// Returns rollouts of the policies `parameters` [groups, p] from `starts` [groups, rows, o]. An
  /// episode that ends before the horizon restarts from one of `starts`; see `imagine`.
  Rollouts roll_out(const Policy& policy, const Tensor& parameters, const Tensor& starts);

  /// Likewise for a single policy, from `starts` [1, rows, o].
  Rollouts roll_out(const Policy& policy, const Tensor& starts) {
    return roll_out(policy, policy.parameters().unsqueeze(0), starts);
  }
  /// Likewise with `members` instead of the default.
  Rollouts roll_out(const Policy& policy, const Tensor& starts, Members members);
  /// Rolls out the policy's mean actions in each member, from `starts` [members, rows, o].
  Rollouts roll_out_each(const Policy& policy, const Tensor& starts);

  /// Rolls out the policy for `horizon` steps from `starts` [groups, rows, o], states within
  /// episodes: what follows a row's first end belongs to another episode.
  Rollouts branch(const Policy& policy, const Tensor& starts, int64_t horizon,
                  Members members = Members::step);

  /// Returns the gradient of the mean return over all members from `starts` [rows, o], with the
  /// imagination's horizon in place of that of `options`. See pathwise_gradient.
  PathwiseGradient gradient(const Policy& policy, const Tensor& starts, PathwiseOptions options);

  void serialize(Archive& archive);

 private:
  Rollouts counted(const Policy& policy, const Tensor& parameters, const Tensor& starts,
                   const ImagineOptions& options);

  Session& session_;
  const DynamicsModel& model_;
  ImagineOptions options_;
  RandomStream random_;
  int64_t calls_ = 0;
};

}  // namespace reverie
