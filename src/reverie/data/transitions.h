// Transitions and rollouts, as structures of arrays.
#pragma once

#include <reverie/core/tensor.h>

namespace reverie {

class Archive;

/// n transitions, each field contiguous. An episode ends in one of two ways: `terminated` (the task
/// ended it: no value beyond) or `truncated` (the time limit: the value continues).
struct Transitions {
  Tensor observation;       ///< [n, o] float32
  Tensor action;            ///< [n, a] float32, as the policy output it (not clipped)
  Tensor reward;            ///< [n]
  Tensor next_observation;  ///< [n, o] The true successor, also at the end of an episode.
  Tensor terminated;        ///< [n] bool
  Tensor truncated;         ///< [n] bool

  int64_t size() const { return observation.defined() ? observation.size(0) : 0; }
};

/// Returns the transitions on another device (the same tensors where they are already there).
Transitions moved(const Transitions& transitions, torch::Device device);

/// Returns those of `first`, then those of `second`.
Transitions joined(const Transitions& first, const Transitions& second);

/// Rollouts of `tasks` policies, each in `rows` parallel environments for `horizon` steps. Where an
/// episode ends before the horizon, the next starts in the same row: `terminated` and `truncated`
/// mark the boundaries. The last step of each row is marked `truncated` unless it terminated.
///
/// `counted` marks the steps a policy may learn from: the baseline, advantage normalisation and
/// policy batches leave the others out. An episode cut by the end of its row (neither terminated
/// nor timed out) is not counted, unless it is the row's first: its returns would stop at the cut
/// as if the task had ended there. MB-MPO's code likewise keeps a path only when it is done, and
/// drops unfinished ones. The horizon is meant for a row's first episode, so that one counts
/// wherever it is cut. Every step remains a transition.
struct Rollouts {
  Tensor observation;       ///< [tasks, rows, horizon, o]
  Tensor action;            ///< [tasks, rows, horizon, a]
  Tensor reward;            ///< [tasks, rows, horizon]
  Tensor next_observation;  ///< [tasks, rows, horizon, o]; may be undefined if not requested
  Tensor terminated;        ///< [tasks, rows, horizon] bool
  Tensor truncated;         ///< [tasks, rows, horizon] bool
  Tensor time;              ///< [tasks, rows, horizon] float32: step within the episode, from 0
  Tensor counted = {};      ///< [tasks, rows, horizon] bool; undefined where every step counts

  int64_t tasks() const { return reward.size(0); }
  int64_t rows() const { return reward.size(1); }
  int64_t horizon() const { return reward.size(2); }

  void serialize(Archive& archive);
};

/// Returns the rollouts on another device.
Rollouts moved(const Rollouts& rollouts, torch::Device device);

/// Sets `counted` where rows end in an unfinished episode; `limit` is the number of steps after
/// which an episode times out. Leaves it undefined where only first episodes, or none, are cut.
void leave_out_unfinished(Rollouts& rollouts, int64_t limit);

/// Returns the steps of `rollouts`, episode by episode: by task, then row, then time.
Transitions transitions(const Rollouts& rollouts);

/// Likewise only those of each row's first episode: of rollouts that stop where it ends.
Transitions first_episodes(const Rollouts& rollouts);

/// Returns the undiscounted return of each row's first episode, up to its end or the horizon:
/// [tasks, rows]. Later episodes are left out: counting only those that finished in time would
/// favour short ones.
Tensor first_returns(const Rollouts& rollouts);

}  // namespace reverie
