// Adam for blocks of effective weights.
#pragma once

#include <reverie/core/tensor.h>
#include <reverie/nn/kernels/adam.h>

namespace reverie {

class Archive;

/// Adam's moments of K networks that are stepped together, in the layout of their `count` weights
/// [K, e], on the same device. Padding has a gradient of 0, and so stays as it is.
class MlpAdam {
 public:
  MlpAdam(int64_t networks, int64_t count, double learning_rate, double beta1,
          torch::Device device);

  /// Begins a step by the kernels, which make it in pieces: see kernels::TrainedPass.
  void begin_step() { ++steps_; }
  int64_t steps() const { return steps_; }
  const kernels::AdamRates& rates() const { return rates_; }
  /// Network `k`'s weights and moments, where `weights` are those of all networks.
  kernels::AdamBlock block(const Tensor& weights, int64_t k) const;

  /// One step by torch, on any device: `weights` and `gradient` are [K, e], or [e] of one network.
  void step(const Tensor& weights, const Tensor& gradient);

  void serialize(Archive& archive);

 private:
  kernels::AdamRates rates_;
  int64_t steps_ = 0;
  Tensor first_, second_;
};

}  // namespace reverie
