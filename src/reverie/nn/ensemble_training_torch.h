// Training some members of an ensemble in one batch, by torch operations.
#pragma once

#include <reverie/nn/adam_torch.h>
#include <reverie/nn/batched_mlp_torch.h>
#include <reverie/nn/ensemble.h>

namespace reverie {

/// Members trained together, each on its own minibatch. The ensemble must not be used between the
/// first step and `put_back`.
class EnsembleTraining {
 public:
  /// For minibatches of up to `batch` rows. `decay`: of each layer's weights, as of 0.5 decay |W|^2
  /// in the loss; empty: none.
  EnsembleTraining(Ensemble& ensemble, std::vector<int64_t> members, int64_t batch,
                   std::vector<double> decay = {});

  const std::vector<int64_t>& members() const { return members_; }

  /// Returns the outputs [m, n, out] for inputs x [m, n, in + 1], whose last column is ones.
  Tensor forward(const Tensor& x);
  /// Makes a step of Adam, given dL/d(outputs) [m, n, out] of the last `forward` and its x;
  /// `factors` are those of one step. Never waits for the device; the step count enters only
  /// through `factors`.
  void step(const Tensor& x, const Tensor& output_gradient, const Tensor& factors);

  /// Returns Adam's factors for the next `steps` steps, [steps, 2, m, 1], on the device.
  Tensor factors(int64_t steps, double learning_rate) const;

  AdamRows& rows() { return rows_; }
  /// Brings the ensemble up to date with the last `steps` steps.
  void put_back(int64_t steps) { ensemble_.put_back(members_, rows_, steps); }

 private:
  void derive_blocks();
  void gather_gradient();

  Ensemble& ensemble_;
  std::vector<int64_t> members_;
  std::vector<double> decay_;
  AdamRows rows_;
  BatchedMlp mlp_;
  std::vector<Tensor> blocks_;          ///< [m, in + 1, out]; views of `rows_` unless normalised
  std::vector<Tensor> block_gradient_;  ///< Likewise, of `gradient_`
  Tensor gradient_;                     ///< [m, p]
};

}  // namespace reverie
