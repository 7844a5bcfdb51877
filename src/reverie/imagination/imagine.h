// Rollouts inside a learned model.
#pragma once

#include <reverie/core/random.h>
#include <reverie/models/dynamics_model.h>
#include <reverie/policies/actor.h>
#include <reverie/policies/policy.h>

namespace reverie {

struct ImagineOptions {
  int64_t horizon = 200;      ///< Steps imagined per row.
  int64_t episode_limit = 0;  ///< Steps after which an episode is truncated; 0: `horizon`.
  Members members = Members::fixed;
  Mode mode = Mode::explore;  ///< Exploit: mean actions and mean predictions.

  int64_t limit() const { return episode_limit > 0 ? episode_limit : horizon; }
};

/// Rolls out the policies `parameters` [tasks, p] from `starts` [tasks, rows, o], all at once. With
/// a fixed member, tasks are assigned to members in consecutive blocks: task i to member i K /
/// tasks. The reward is the task's formula, or the model's where it learns one. Where the task
/// terminates, a model that learns the end predicts one, or an episode reaches its limit before the
/// horizon, the row restarts from a random row of `resets` [count, o]; a restarted episode that the
/// horizon cuts off is not `counted`. Throws NonFiniteError where a state or a learned reward is
/// not finite.
Rollouts imagine(const Task& task, const DynamicsModel& model, const Policy& policy,
                 const Tensor& parameters, const Tensor& starts, const Tensor& resets,
                 const ImagineOptions& options, const RandomStream& random);

}  // namespace reverie
