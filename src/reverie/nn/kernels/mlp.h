// The CPU's way through an MLP and a step of its training: matrix products over rows that stay in
// cache, and one sweep for the optimiser.
#pragma once

#include <reverie/nn/kernels/precision.h>
#include <reverie/nn/mlp_shape.h>

#include <memory>
#include <vector>

namespace reverie::kernels {

/// What the activations of a forward pass are for.
enum class Use { training, inference };

/// Forward and backward passes of one MLP for up to `capacity` rows, float32 but for the products'
/// `precision`. Holds the activations (for inference two layers' at a time); allocates nothing
/// after its construction (but for scratch of bf16 products). One thread at a time; results depend
/// on the arguments alone. The torch twin is `Ensemble::forward`.
class MlpPass {
 public:
  MlpPass(const MlpShape& shape, int64_t capacity, Use use = Use::training,
          Precision precision = Precision::f32);

  /// y = mlp(x): `x` is [rows, input], the result [rows, output], valid until the next call.
  /// `weights` is a block of effective weights.
  const float* forward(const float* weights, const float* x, int64_t rows);

  /// After `forward` on the same arguments, for training: writes dL/dweights to `gradient` (laid
  /// out like `weights`; between its rows nothing is written), given dL/dy [rows, output].
  void backward(const float* weights, const float* x, int64_t rows, const float* output_gradient,
                float* gradient);

 private:
  /// From one row to the next of layer `l`'s output.
  int64_t output_stride(int64_t l) const {
    return l + 1 == shape_.layers() ? shape_.output() : row_stride(shape_.sizes[l + 1]);
  }

  /// Memory that nobody reads before it is written.
  using Buffer = std::unique_ptr<float[]>;

  const MlpShape shape_;
  const Precision precision_;
  std::vector<Buffer> memory_;
  /// Of each layer, before (swish in training; else null) and after the activation.
  std::vector<float*> pre_, post_;
  Buffer delta_, next_delta_;
};

struct AdamRates {
  float learning_rate = 1e-3f, beta1 = 0.9f, beta2 = 0.999f, epsilon = 1e-8f;
};

/// A block of parameters with Adam's moments, all laid out alike.
struct AdamBlock {
  float* parameters;
  float* first_moment;
  float* second_moment;
};

/// One step of Adam (Kingma & Ba 2015) on a flat block; `step` counts from 1.
void adam_step(const AdamBlock& block, const float* gradient, int64_t count, int64_t step,
               const AdamRates& rates);

/// One step of Adam on a network's parameters, given dL/d(effective weights), that leaves the new
/// effective weights in `weights`. Without weight normalisation in one sweep through the memory.
void adam_step(const MlpShape& shape, const AdamBlock& block, const float* weight_gradient,
               int64_t step, const AdamRates& rates, float* weights);

/// Effective weights of a block of parameters; `weights` beyond the rows' width stay as they are.
void effective_weights(const MlpShape& shape, const float* parameters, float* weights);

}  // namespace reverie::kernels
