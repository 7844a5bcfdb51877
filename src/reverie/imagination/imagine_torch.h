// Rollouts inside a learned model with torch, all rows in one batch: the path for CUDA.
#pragma once

#include <reverie/imagination/imagine.h>

namespace reverie {

/// `imagine` on the device of `parameters`, which must be the model's; the states may lie
/// elsewhere. Its random numbers differ but are equal in distribution. `imagine_kernels` subtracts
/// a state's mean before the network, here the first layer does: for data whose mean is m standard
/// deviations away from 0, states differ by up to 1e-5 m standard deviations, a hundredth for m =
/// 1,000. Observe such a quantity relative to its start instead.
Rollouts imagine_torch(const Task& task, const DynamicsModel& model, const Policy& policy,
                       const Tensor& parameters, const Tensor& starts, const Tensor& resets,
                       const ImagineOptions& options, const RandomStream& random);

}  // namespace reverie
