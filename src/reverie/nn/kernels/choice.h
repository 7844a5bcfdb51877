// Chooses between the two implementations: fast CPU kernels or torch.
#pragma once

#include <reverie/core/tensor.h>

namespace reverie::kernels {

/// Whether a computation with `tensor` as its parameters (or data) uses the fast kernels: float
/// tensors on the CPU do. Everything else, and everything while a `ForceTorch` exists, uses torch.
/// The only place where this is decided.
bool serve(const Tensor& tensor);

/// While an instance exists, the torch path is taken on the CPU too, in all threads. Lets tests
/// exercise the CUDA code path without a CUDA device.
class ForceTorch {
 public:
  ForceTorch();
  ~ForceTorch();
  ForceTorch(const ForceTorch&) = delete;
  ForceTorch& operator=(const ForceTorch&) = delete;
};

}  // namespace reverie::kernels
