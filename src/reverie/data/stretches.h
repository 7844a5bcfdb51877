// Segments of successive real steps, cut from the collected data.
#pragma once

#include <reverie/data/transitions.h>

namespace reverie {

/// n segments of at most h successive steps, time step first. A segment ends where its episode
/// does; later steps are padding that repeats its last one.
struct Stretches {
  Tensor row;               ///< [h, n] int64: indices of the transitions
  Tensor observation;       ///< [h, n, o]
  Tensor action;            ///< [h, n, a]
  Tensor next_observation;  ///< [h, n, o]
  Tensor inside;            ///< [h, n] float32: 1 while a segment lasts, then 0
  Tensor goes_on;           ///< [h, n] float32: 1 at a segment's last step, unless it terminated

  int64_t steps() const { return row.size(0); }
  int64_t count() const { return row.size(1); }
  /// Returns `count` segments, from `first`.
  Stretches narrow(int64_t first, int64_t count) const;
};

/// Returns the segments of at most `steps` steps that begin at rows `start` [n] (int64) of `data`,
/// whose episodes are stored one after the other, in time order.
Stretches stretches(const Transitions& data, const Tensor& start, int64_t steps);

}  // namespace reverie
