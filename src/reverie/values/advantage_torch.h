// Returns, advantages and the linear baseline by torch's operations: what runs on CUDA.
#pragma once

#include <reverie/data/transitions.h>

namespace reverie {

/// The twins of the functions in advantage.h, on the device of the rewards.
Tensor generalized_advantages_torch(const Rollouts& rollouts, const Tensor& values, double discount,
                                    double lambda, const Tensor& bootstrap);
Tensor normalized_torch(const Tensor& advantages, const Tensor& counted);

/// The twins of LinearFeatureBaseline's functions: weights [tasks, 2 o + 4] float64, on the device
/// of the observations, and values at observations and times.
Tensor baseline_weights_torch(const Rollouts& rollouts, const Tensor& returns,
                              double regularisation);

/// Weights as above of a value that goes on where an episode is truncated; see
/// LinearFeatureBaseline::fit_beyond. On the CPU too: it is no part of what has to be fast.
Tensor baseline_weights_beyond(const Rollouts& rollouts, const Tensor& returns, double discount,
                               double regularisation);
Tensor baseline_values_torch(const Tensor& weights, const Tensor& observation, const Tensor& time);

}  // namespace reverie
