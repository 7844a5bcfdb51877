// For tests of the CUDA code path: on the CPU, forced to take the torch path, and on CUDA where
// available.
#pragma once

#include <reverie/core/test_devices.h>
#include <reverie/nn/kernels/choice.h>

#include <limits>

namespace reverie::testing {

/// A test that runs once on each device. Code outside `by_torch` takes the usual path.
class TorchPath : public OnEachDevice {
 protected:
  /// Runs `f` without the kernels.
  template <class F>
  static auto by_torch(F&& f) {
    const kernels::ForceTorch force;
    return f();
  }
};

/// The largest difference between two tensors, in units of the second's largest number.
inline double difference(const Tensor& a, const Tensor& b) {
  const auto x = a.detach().to(torch::kCPU, torch::kFloat64);
  const auto y = b.detach().to(torch::kCPU, torch::kFloat64);
  if (x.sizes() != y.sizes()) return std::numeric_limits<double>::infinity();
  if (x.numel() == 0) return 0;
  return ((x - y).abs().max() / (y.abs().max() + 1e-30)).item<double>();
}

}  // namespace reverie::testing
