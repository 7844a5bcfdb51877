// Rollouts inside a learned model by torch, all rows in one batch: what runs on CUDA.
#pragma once

#include <reverie/imagination/imagine.h>

namespace reverie {

/// The same as `imagine` on the device of `parameters`, which must be the model's; the states may
/// lie elsewhere. Its random numbers are others: equal in distribution.
Rollouts imagine_torch(const Task& task, const DynamicsModel& model, const GaussianPolicy& policy,
                       const Tensor& parameters, const Tensor& starts, const Tensor& resets,
                       const ImagineOptions& options, const RandomStream& random);

}  // namespace reverie
