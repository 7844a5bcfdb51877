// Rollouts inside a learned model.
#pragma once

#include <reverie/core/random.h>
#include <reverie/models/dynamics_model.h>
#include <reverie/policies/actor.h>
#include <reverie/policies/gaussian_policy.h>

namespace reverie {

/// Which member of the ensemble moves a row.
enum class Members {
  fixed,    ///< Each policy lives in one member for all its rollouts (MB-MPO).
  step,     ///< Every row draws a member at every step (ME-TRPO).
  episode,  ///< Every row draws a member for an episode (by torch: for all its episodes).
  mean,     ///< The mean of what all members predict; where that is drawn, with the same noise.
  median,   ///< The median of the same, dimension by dimension.
};

struct ImagineOptions {
  int64_t horizon = 200;      ///< Steps imagined per row.
  int64_t episode_limit = 0;  ///< Steps until an episode within is truncated; 0: `horizon`.
  Members members = Members::fixed;
  Mode mode = Mode::explore;  ///< Exploit: by mean actions, and the mean of what is predicted.

  int64_t limit() const { return episode_limit > 0 ? episode_limit : horizon; }
};

std::vector<std::string> setting_names(Members);

/// Rolls out the policies `parameters` [tasks, p] from `starts` [tasks, rows, o], all at once; with
/// a fixed member, tasks are dealt to members in consecutive blocks: task i to member i K / tasks.
/// The reward is the task's formula, or the model's where it learns one. Where the task terminates,
/// a model that learns the end says so, or an episode reaches its limit before the horizon, the row
/// goes on from a random row of `resets` [count, o]; an episode begun so that the horizon cuts is
/// not `counted`. Steps run on the worker threads in groups of rows (with a fixed member, rows that
/// share it); the numbers do not depend on the threads. Off the CPU it is `imagine_torch`. Throws
/// NonFiniteError where a state or a learned reward is not finite.
Rollouts imagine(const Task& task, const DynamicsModel& model, const GaussianPolicy& policy,
                 const Tensor& parameters, const Tensor& starts, const Tensor& resets,
                 const ImagineOptions& options, const RandomStream& random);

}  // namespace reverie
