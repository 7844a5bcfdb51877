// Training some members of an ensemble in one batch, by torch's operations.
#pragma once

#include <reverie/nn/adam_torch.h>
#include <reverie/nn/batched_mlp_torch.h>
#include <reverie/nn/ensemble.h>

namespace reverie {

/// Members that train side by side, their own minibatch each. The ensemble must not be used from
/// the first step on until `put_back`.
class EnsembleTraining {
 public:
  /// For minibatches of up to `batch` rows.
  EnsembleTraining(Ensemble& ensemble, std::vector<int64_t> members, int64_t batch);

  const std::vector<int64_t>& members() const { return members_; }

  /// The outputs [m, n, out] of inputs x [m, n, in + 1], the last column ones.
  Tensor forward(const Tensor& x);
  /// A step of Adam, given dL/d(outputs) [m, n, out] of the last `forward` and its x; the factors
  /// are a step's of `factors`. Nothing of it waits for the device or depends on where it stands.
  void step(const Tensor& x, const Tensor& output_gradient, const Tensor& factors);

  /// Adam's factors of the next `steps` steps, [steps, 2, m, 1], on the device.
  Tensor factors(int64_t steps, double learning_rate) const;

  AdamRows& rows() { return rows_; }
  /// Brings the ensemble up to date with the last `steps` steps.
  void put_back(int64_t steps) { ensemble_.put_back(members_, rows_, steps); }

 private:
  void derive_blocks();
  void gather_gradient();

  Ensemble& ensemble_;
  std::vector<int64_t> members_;
  AdamRows rows_;
  BatchedMlp mlp_;
  std::vector<Tensor> blocks_;          ///< Layers' [m, in + 1, out]; views of the parameters
  std::vector<Tensor> block_gradient_;  ///< and their gradients of `gradient_`, unless normalised
  Tensor gradient_;                     ///< [m, p]
};

}  // namespace reverie
