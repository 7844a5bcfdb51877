// Advantages by torch operations: the CUDA path.
#pragma once

#include <reverie/data/transitions.h>

namespace reverie {

/// The functions of advantage.h, on the device of the rewards.
Tensor generalized_advantages_torch(const Rollouts& rollouts, const Tensor& values, double discount,
                                    double lambda, const Tensor& bootstrap);
Tensor normalized_torch(const Tensor& advantages, const Tensor& counted);

}  // namespace reverie
