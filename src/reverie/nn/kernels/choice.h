// Which of two twins runs: a fast CPU kernel, or torch.
#pragma once

#include <reverie/core/tensor.h>

namespace reverie::kernels {

/// Whether what has `tensor` as its parameters (or its data) goes through the fast kernels: floats
/// on the CPU. Everything else, and everything while a `ForceTorch` lives, goes through torch. The
/// one place that decides it.
bool serve(const Tensor& tensor);

/// While one lives, torch's path is taken on the CPU too, in all threads: how tests reach the code
/// that CUDA runs where there is no such device.
class ForceTorch {
 public:
  ForceTorch();
  ~ForceTorch();
  ForceTorch(const ForceTorch&) = delete;
  ForceTorch& operator=(const ForceTorch&) = delete;
};

}  // namespace reverie::kernels
