// Returns, advantages and the linear baseline by torch's operations: what runs on CUDA.
#pragma once

#include <reverie/data/transitions.h>

namespace reverie {

/// The twins of the functions in advantage.h, on the device of the rewards.
Tensor generalized_advantages_torch(const Rollouts& rollouts, const Tensor& values, double discount,
                                    double lambda, const Tensor& bootstrap);
Tensor normalized_torch(const Tensor& advantages);

/// The twins of LinearFeatureBaseline's functions: weights [tasks, 2 o + 4] float64, on the device
/// of the observations, and values at observations and times.
Tensor baseline_weights_torch(const Rollouts& rollouts, const Tensor& returns,
                              double regularisation);
Tensor baseline_values_torch(const Tensor& weights, const Tensor& observation, const Tensor& time);

}  // namespace reverie
