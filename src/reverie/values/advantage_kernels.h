// Advantages on CPU threads.
#pragma once

#include <reverie/data/transitions.h>

namespace reverie {

/// The functions of advantage.h, for tensors on the CPU.
Tensor generalized_advantages_kernels(const Rollouts& rollouts, const Tensor& values,
                                      double discount, double lambda, const Tensor& bootstrap);
Tensor normalized_kernels(const Tensor& advantages, const Tensor& counted);

}  // namespace reverie
