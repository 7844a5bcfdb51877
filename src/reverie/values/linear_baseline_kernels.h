// The linear baseline on CPU threads.
#pragma once

#include <reverie/data/transitions.h>

namespace reverie {

/// The functions of LinearFeatureBaseline, for tensors on the CPU: weights [tasks, 2 o + 4]
/// float64, and values at observations and times.
Tensor baseline_weights_kernels(const Rollouts& rollouts, const Tensor& returns,
                                double regularisation);
Tensor baseline_values_kernels(const Tensor& fitted_weights, const Tensor& observation,
                               const Tensor& time);

}  // namespace reverie
