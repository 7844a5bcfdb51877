// Rows drawn by weight.
#pragma once

#include <reverie/core/random.h>

namespace reverie {

/// Draws row numbers with replacement, with probabilities in proportion to weights.
class WeightedDraw {
 public:
  /// `weights` [n], at least 0, on any device. Where none is above 0, all rows are alike.
  explicit WeightedDraw(const Tensor& weights);

  /// Returns `count` row numbers, int64 on the CPU.
  Tensor operator()(int64_t count, RandomStream& random) const;

 private:
  Tensor cumulative_;  ///< [n] float64: from 0 to 1
};

}  // namespace reverie
