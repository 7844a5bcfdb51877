// The devices available to tensors on this machine.
#pragma once

#include <torch/types.h>

#include <string>

namespace reverie {

/// Returns the device that `run.device` names: cpu, cuda (the first) or cuda:N. Throws UsageError,
/// with the reason, where it is not available.
torch::Device parse_device(const std::string& name);

/// Describes CUDA's availability: "2 devices", or why there is none.
std::string cuda_description();

}  // namespace reverie
