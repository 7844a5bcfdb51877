// Rollouts inside a learned model by torch, all rows in one batch: what runs on CUDA.
#pragma once

#include <reverie/imagination/imagine.h>

namespace reverie {

/// The same as `imagine` on the device of `parameters`, which must be the model's; the states may
/// lie elsewhere. Its random numbers are others: equal in distribution. Where `imagine` subtracts a
/// state's mean before the network, here the first layer does: of data whose mean is m of their
/// spreads away from 0 the states differ by up to 1e-5 m spreads, a hundredth where m is 1,000.
/// Observe such a number from where it begins instead.
Rollouts imagine_torch(const Task& task, const DynamicsModel& model, const GaussianPolicy& policy,
                       const Tensor& parameters, const Tensor& starts, const Tensor& resets,
                       const ImagineOptions& options, const RandomStream& random);

}  // namespace reverie
