// Many MLPs of one shape in one batch, by few torch operations: the CUDA path.
#pragma once

#include <reverie/core/tensor.h>
#include <reverie/nn/mlp_shape.h>

namespace reverie {

/// A batch of MLPs of one shape, each with its own input rows. The bias is the weight of a constant
/// input of one: a layer's *block* is [count, in + 1, out] with the bias as its last row, and
/// inputs have a last column of ones, so that a layer is one product in either direction. Results
/// are in buffers at fixed addresses, valid until the next call.
class BatchedMlp {
 public:
  enum class Use { inference, training };
  /// For `count` MLPs and up to `rows` rows each.
  BatchedMlp(MlpShape shape, int64_t count, int64_t rows, torch::Device device, Use use);

  /// Returns the input of the last layer, [count, n, h + 1], for inputs x [count, n, in + 1]. The
  /// caller applies that layer, with bmm or baddbmm.
  Tensor hidden(const std::vector<Tensor>& blocks, const Tensor& x);

  /// Writes the blocks' `gradient`, given that of the outputs [count, n, out] and the x of the last
  /// `hidden`. Needs Use::training.
  void backward(const std::vector<Tensor>& blocks, const Tensor& x, const Tensor& output_gradient,
                const std::vector<Tensor>& gradient);

 private:
  /// A hidden layer's buffers, for the maximum number of rows.
  struct Layer {
    Tensor post;   ///< [count, rows, h + 1]: activations and a column of ones
    Tensor pre;    ///< [count, rows, h]: pre-activations, for swish's derivative
    Tensor delta;  ///< [count, rows, h]
  };
  MlpShape shape_;
  std::vector<Layer> layers_;
};

/// Returns x [..., d] with a column of ones appended.
Tensor with_ones(const Tensor& x);

}  // namespace reverie
