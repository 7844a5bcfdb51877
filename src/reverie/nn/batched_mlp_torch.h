// Many MLPs of one shape in one batch, by few of torch's operations: what runs on CUDA.
#pragma once

#include <reverie/core/tensor.h>
#include <reverie/nn/mlp_shape.h>

namespace reverie {

/// A batch of MLPs of one shape, each with rows of its own. A bias is the weight of an input that
/// is always one: a layer's *block* is [count, in + 1, out], the bias its last row, and inputs bring a
/// last column of ones, so that a layer is one product in either direction. Results lie in buffers
/// that stay where they are, and are good until the next call.
class BatchedMlp {
 public:
  enum class Use { inference, training };
  /// For `count` MLPs and up to `rows` rows of each.
  BatchedMlp(MlpShape shape, int64_t count, int64_t rows, torch::Device device, Use use);

  /// What the last layer multiplies with, [count, n, h + 1], for inputs x [count, n, in + 1]: with
  /// bmm or baddbmm as it suits the caller.
  Tensor hidden(const std::vector<Tensor>& blocks, const Tensor& x);

  /// The blocks' `gradient`, given the outputs' [count, n, out] and the x of the last `hidden`,
  /// which must have been for training.
  void backward(const std::vector<Tensor>& blocks, const Tensor& x, const Tensor& output_gradient,
                const std::vector<Tensor>& gradient);

 private:
  /// A hidden layer's, of all rows there may be.
  struct Layer {
    Tensor post;   ///< [count, rows, h + 1]: activations, and ones
    Tensor pre;    ///< [count, rows, h]: what swish's derivative needs
    Tensor delta;  ///< [count, rows, h]
  };
  MlpShape shape_;
  std::vector<Layer> layers_;
};

/// x [..., d] with a column of ones after its last.
Tensor with_ones(const Tensor& x);

}  // namespace reverie
