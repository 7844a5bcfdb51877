// Rollouts inside a learned model with the kernels: the fast path on the CPU.
#pragma once

#include <reverie/imagination/imagine.h>

namespace reverie {

/// `imagine` for float tensors on the CPU. Steps run on the worker threads in groups of rows (with
/// a fixed member, rows that share it); the result does not depend on the number of threads.
Rollouts imagine_kernels(const Task& task, const DynamicsModel& model, const Policy& policy,
                         const Tensor& parameters, const Tensor& starts, const Tensor& resets,
                         const ImagineOptions& options, const RandomStream& random);

}  // namespace reverie
