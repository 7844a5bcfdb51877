// A training step of a network: one sweep over its parameters, in pieces that threads share.
#pragma once

#include <reverie/nn/mlp_shape.h>

#include <vector>

namespace reverie::kernels {

struct AdamRates {
  float learning_rate = 1e-3f, beta1 = 0.9f, beta2 = 0.999f, epsilon = 1e-8f;
};

/// A block of parameters with Adam's moments, all in the same layout.
struct AdamBlock {
  float* parameters;
  float* first_moment;
  float* second_moment;
};

/// One step of Adam (Kingma & Ba 2015) on a flat block; `step` counts from 1.
void adam_step(const AdamBlock& block, const float* gradient, int64_t count, int64_t step,
               const AdamRates& rates);

/// Rows or columns [first, first + count) of the weights [in + 1, out] of a layer, the bias as the
/// last row.
struct WeightPiece {
  int64_t layer, first, count;
};
/// Splits all rows of all layers into pieces large enough for a thread; depends on the shape alone.
std::vector<WeightPiece> row_pieces(const MlpShape& shape);
/// The same for columns.
std::vector<WeightPiece> column_pieces(const MlpShape& shape);

/// One step of Adam on a network, given dL/d(effective weights). Updates the effective `weights`
/// and the moments, and with weight normalisation the parameters. Without it the parameters equal
/// the weights: updating both would be a third of a step's memory traffic, so they are copied only
/// when needed (`parameters_of`). Different pieces may run concurrently in different threads; the
/// result does not depend on it.
class NetworkStep {
 public:
  NetworkStep(const MlpShape& shape, const AdamBlock& block, int64_t step, const AdamRates& rates,
              float* weights);

  /// Updates one of `row_pieces`, without weight normalisation. Reads the gradient of these rows
  /// alone.
  void rows(const WeightPiece& piece, const float* weight_gradient) const;
  /// Updates one of `column_pieces`, with weight normalisation.
  void columns(const WeightPiece& piece, const float* weight_gradient) const;
  /// Updates the whole network.
  void all(const float* weight_gradient) const;

 private:
  const MlpShape& shape_;
  AdamBlock block_;
  AdamRates rates_;
  float scale_, root_;  ///< Factors of the step shared by all parameters.
  float* weights_;
};

/// Adds `decay` times the weights to the gradient of rows of a layer, as of 0.5 decay |W|^2 in the
/// loss; biases have none. Both blocks are laid out as effective weights.
void add_weight_decay(const MlpShape& shape, const WeightPiece& rows, float decay,
                      const float* weights, float* gradient);

/// Copies effective weights to parameters, for networks without weight normalisation.
void parameters_of(const MlpShape& shape, const float* weights, float* parameters);

/// Computes the effective weights of a block of parameters; leaves the padding of `weights` as it
/// is.
void effective_weights(const MlpShape& shape, const float* parameters, float* weights);

}  // namespace reverie::kernels
