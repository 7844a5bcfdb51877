// Fitting the dynamics model by torch, all members in one batch: what runs on CUDA.
#pragma once

#include <reverie/models/fit.h>

namespace reverie {

/// The same as `fit` on the device of the model, wherever `data` lies: the same splits, shuffles,
/// minibatches and rule of stopping, so on one device type losses differ by rounding alone.
FitReport fit_torch(DynamicsModel& model, const Transitions& data, Objective& objective,
                    const FitConfig& config, int64_t epochs, const RandomStream& random,
                    Monitor& monitor, const GaussianPolicy* policy = nullptr);

}  // namespace reverie
