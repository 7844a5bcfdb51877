// What a policy learns from: steps with their advantages, one row a step.
#pragma once

#include <reverie/data/transitions.h>

namespace reverie {

/// What policies did and how good it was: n rows for each of `tasks` policies. Floats, contiguous.
/// Where tasks have fewer rows than n, theirs come first and `count` says how many; what follows
/// fills up and enters no sum or mean.
struct PolicyBatch {
  Tensor observation;  ///< [tasks, n, o]
  Tensor action;       ///< [tasks, n, a]
  Tensor advantage;    ///< [tasks, n]
  Tensor count = {};   ///< [tasks] int64, each at least 1; undefined where all tasks have n rows

  int64_t tasks() const { return observation.size(0); }
  int64_t rows() const { return observation.size(1); }
};

/// The steps of `rollouts` that are `counted`, with their advantages [tasks, rows, horizon], one
/// row a step.
PolicyBatch policy_batch(const Rollouts& rollouts, const Tensor& advantage);
/// About `fraction` of each task's rows, evenly spread.
PolicyBatch thinned(const PolicyBatch& batch, double fraction);
/// The same with all tasks joined in one: for improvers of a single policy.
PolicyBatch joined(const PolicyBatch& batch);

}  // namespace reverie
