// Fitting the dynamics model with torch, all members in one batch: the path for CUDA.
#pragma once

#include <reverie/models/fit.h>

namespace reverie {

/// `fit`, after the model's statistics and the objective have been set: with the same splits,
/// shuffles, minibatches and stopping rule: on one device type losses differ only by rounding.
FitReport fit_torch(DynamicsModel& model, const Transitions& data, const Objective& objective,
                    const FitConfig& config, int64_t epochs, const RandomStream& random,
                    Monitor& monitor);

}  // namespace reverie
