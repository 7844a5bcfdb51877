// The linear baseline by torch operations: the CUDA path.
#pragma once

#include <reverie/data/transitions.h>

namespace reverie {

/// The functions of LinearFeatureBaseline: weights [tasks, 2 o + 4] float64, on the device of the
/// observations, and values at observations and times.
Tensor baseline_weights_torch(const Rollouts& rollouts, const Tensor& returns,
                              double regularisation);
Tensor baseline_values_torch(const Tensor& weights, const Tensor& observation, const Tensor& time);

/// Weights as above for a value that continues where an episode is truncated; see
/// LinearFeatureBaseline::fit_beyond. Used on the CPU too, as it is not performance-critical.
Tensor baseline_weights_beyond(const Rollouts& rollouts, const Tensor& returns, double discount,
                               double regularisation);

}  // namespace reverie
