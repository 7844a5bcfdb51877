// Fitting the dynamics model with the kernels: the fast path on the CPU.
#pragma once

#include <reverie/models/fit.h>

namespace reverie {

/// `fit`, after the model's statistics and the objective have been set, for float tensors on the
/// CPU and one-step objectives. Members train in parallel on the worker threads; the result does
/// not depend on the number of threads.
FitReport fit_kernels(DynamicsModel& model, const Transitions& data, const Objective& objective,
                      const FitConfig& config, int64_t epochs, const RandomStream& random,
                      Monitor& monitor);

}  // namespace reverie
