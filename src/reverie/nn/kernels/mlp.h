// The CPU's way through an MLP: plain matrix products over rows that stay in cache.
#pragma once

#include <reverie/nn/mlp_shape.h>

#include <vector>

namespace reverie::kernels {

/// Forward and backward passes of one MLP for up to `capacity` rows, float32. Holds the
/// activations; allocates nothing after its construction. One thread at a time; results depend on
/// the arguments alone. The torch twin is `Ensemble::forward`.
class MlpPass {
 public:
  MlpPass(const MlpShape& shape, int64_t capacity);

  /// y = mlp(x): `x` is [rows, input], the result [rows, output], valid until the next call.
  /// `weights` is a block of effective weights.
  const float* forward(const float* weights, const float* x, int64_t rows);

  /// After `forward` on the same arguments: writes dL/dweights to `gradient` (laid out like
  /// `weights`), given dL/dy [rows, output].
  void backward(const float* weights, const float* x, int64_t rows, const float* output_gradient,
                float* gradient);

 private:
  const MlpShape shape_;
  std::vector<std::vector<float>> pre_, post_;  ///< Before (swish only) and after the activation.
  std::vector<float> delta_, next_delta_;
};

/// One step of Adam (Kingma & Ba 2015) on a flat block; `step` counts from 1.
struct AdamRates {
  float learning_rate = 1e-3f, beta1 = 0.9f, beta2 = 0.999f, epsilon = 1e-8f;
};
void adam_step(float* parameters, float* first_moment, float* second_moment, const float* gradient,
               int64_t count, int64_t step, const AdamRates& rates);

/// Effective weights of a block of parameters; a copy without weight normalisation.
void effective_weights(const MlpShape& shape, const float* parameters, float* weights);
/// dL/dparameters from dL/dweights. Without weight normalisation a copy.
void parameter_gradient(const MlpShape& shape, const float* parameters,
                        const float* weight_gradient, float* gradient);

}  // namespace reverie::kernels
