// A reference for which steps of rollouts count, found by walking along each row.
#pragma once

#include <reverie/data/transitions.h>

namespace reverie::testing {

/// [tasks, rows, horizon] bool: false in episodes that neither terminate nor reach `limit` steps
/// before their row ends, except the first of each row.
inline Tensor counted_by_hand(const Rollouts& rollouts, int64_t limit) {
  const Tensor terminated = rollouts.terminated.cpu(), truncated = rollouts.truncated.cpu();
  Tensor counted = torch::zeros_like(terminated);
  for (int64_t task = 0; task < rollouts.tasks(); ++task) {
    for (int64_t row = 0; row < rollouts.rows(); ++row) {
      int64_t begin = 0;
      for (int64_t t = 0; t < rollouts.horizon(); ++t) {
        const bool over = terminated[task][row][t].item<bool>();
        const bool out_of_time = t + 1 - begin == limit, last = t + 1 == rollouts.horizon();
        if (!over && !out_of_time && !last) continue;
        if (over || out_of_time || begin == 0)
          counted[task][row].slice(0, begin, t + 1).fill_(true);
        begin = t + 1;
      }
    }
  }
  return counted;
}

}  // namespace reverie::testing
