// Successive real steps, cut out of what was collected.
#pragma once

#include <reverie/data/transitions.h>

namespace reverie {

/// n stretches of at most h successive steps, step by step. Where an episode ends, so does a
/// stretch; its later steps only fill up (they repeat its last one).
struct Stretches {
  Tensor row;               ///< [h, n] int64: which transitions they are
  Tensor observation;       ///< [h, n, o]
  Tensor action;            ///< [h, n, a]
  Tensor next_observation;  ///< [h, n, o]
  Tensor inside;            ///< [h, n] float32: 1 while a stretch lasts, then 0
  Tensor goes_on;           ///< [h, n] float32: 1 at a stretch's last step, unless it terminated

  int64_t steps() const { return row.size(0); }
  int64_t count() const { return row.size(1); }
  /// `count` of them, from `first`.
  Stretches narrow(int64_t first, int64_t count) const;
};

/// The stretches that begin at the rows `start` [n] (int64) of `data`, whose episodes lie one after
/// the other, step by step: at most `steps` long.
Stretches stretches(const Transitions& data, const Tensor& start, int64_t steps);

}  // namespace reverie
