// What happened, as structures of arrays.
#pragma once

#include <reverie/core/tensor.h>

namespace reverie {

class Archive;

/// n transitions, each field contiguous. The end of an episode has two names: `terminated` (the
/// task ended it: no value beyond) and `truncated` (time ran out: the value goes on).
struct Transitions {
  Tensor observation;       ///< [n, o] float32
  Tensor action;            ///< [n, a] float32, as the policy gave it (not clipped)
  Tensor reward;            ///< [n]
  Tensor next_observation;  ///< [n, o] The true successor, also at the end of an episode.
  Tensor terminated;        ///< [n] bool
  Tensor truncated;         ///< [n] bool

  int64_t size() const { return observation.defined() ? observation.size(0) : 0; }
};

/// The same transitions on another device (or the very same tensors, where they are there already).
Transitions moved(const Transitions& transitions, torch::Device device);

/// Rollouts of `tasks` policies, `rows` episodes side by side each, for `horizon` steps. Where an
/// episode ends before the horizon, the next starts in the same row: `terminated` and `truncated`
/// mark the borders. The last step of each row is marked `truncated` unless it terminated.
///
/// `counted` says which steps a policy may learn from: baseline, normalisation of advantages and
/// policy batches leave the others out. Not counted is an episode that the end of its row cuts
/// (neither terminated nor timed out), unless it is the row's first: its returns would stop at the
/// cut as if the task had ended there. MB-MPO's code likewise takes in a path when it is done, and
/// drops the unfinished ones. A row's first episode is what the horizon is for, so it counts
/// wherever the horizon cuts it. Every step remains a transition.
struct Rollouts {
  Tensor observation;       ///< [tasks, rows, horizon, o]
  Tensor action;            ///< [tasks, rows, horizon, a]
  Tensor reward;            ///< [tasks, rows, horizon]
  Tensor next_observation;  ///< [tasks, rows, horizon, o]; may be undefined if not asked for
  Tensor terminated;        ///< [tasks, rows, horizon] bool
  Tensor truncated;         ///< [tasks, rows, horizon] bool
  Tensor time;              ///< [tasks, rows, horizon] float32: step within the episode, from 0
  Tensor counted = {};      ///< [tasks, rows, horizon] bool; undefined where every step counts

  int64_t tasks() const { return reward.size(0); }
  int64_t rows() const { return reward.size(1); }
  int64_t horizon() const { return reward.size(2); }

  void serialize(Archive& archive);
};

/// The same rollouts on another device.
Rollouts moved(const Rollouts& rollouts, torch::Device device);

/// Sets `counted`, where rows end in an episode that is not done: `limit` is the number of steps
/// after which one times out. Leaves it undefined where no later episode is cut.
void leave_out_unfinished(Rollouts& rollouts, int64_t limit);

/// The steps of `rollouts`, episode by episode: tasks, then rows, then time.
Transitions transitions(const Rollouts& rollouts);

/// The return of the first episode of each row, [tasks, rows]: the sum of its rewards up to its
/// end, or to the horizon. Later episodes of a row are left out: counting only those that ended in
/// time would favour the short ones.
Tensor first_returns(const Rollouts& rollouts);

}  // namespace reverie
