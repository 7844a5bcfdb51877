// The devices that tensors can live on here.
#pragma once

#include <torch/types.h>

#include <string>

namespace reverie {

/// The device that `run.device` names: cpu, cuda (the first) or cuda:N. Throws UsageError where
/// there is none such here, and says why.
torch::Device parse_device(const std::string& name);

/// What there is of CUDA, in words: "2 devices", or why there is none.
std::string cuda_description();

}  // namespace reverie
