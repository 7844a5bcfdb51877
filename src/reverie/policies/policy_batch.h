// The data a policy learns from: steps with their advantages, one row per step.
#pragma once

#include <reverie/data/transitions.h>

namespace reverie {

/// Observations, actions and advantages: n rows for each of `tasks` policies. Floats, contiguous.
/// Where a task has fewer than n rows, they come first and `count` gives their number; the rest is
/// padding and enters no sum or mean.
struct PolicyBatch {
  Tensor observation;  ///< [tasks, n, o]
  Tensor action;       ///< [tasks, n, a]
  Tensor advantage;    ///< [tasks, n]
  Tensor count = {};   ///< [tasks] int64, each at least 1; undefined where all tasks have n rows

  int64_t tasks() const { return observation.size(0); }
  int64_t rows() const { return observation.size(1); }
};

/// Returns the `counted` steps of `rollouts` with their advantages [tasks, rows, horizon], one row
/// per step.
PolicyBatch policy_batch(const Rollouts& rollouts, const Tensor& advantage);
/// Returns about `fraction` of each task's rows, evenly spaced.
PolicyBatch thinned(const PolicyBatch& batch, double fraction);
/// Returns the batch with all tasks merged into one, for improvers of a single policy.
PolicyBatch joined(const PolicyBatch& batch);

}  // namespace reverie
