// A step of a network's training: one sweep through its parameters, in pieces that threads share.
#pragma once

#include <reverie/nn/mlp_shape.h>

#include <vector>

namespace reverie::kernels {

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

/// Rows or columns [first, first + count) of the weights [in + 1, out] of a layer, the bias as the
/// last row.
struct WeightPiece {
  int64_t layer, first, count;
};
/// All rows of all layers in pieces that are worth a thread's while; by the shape alone.
std::vector<WeightPiece> row_pieces(const MlpShape& shape);
/// All columns.
std::vector<WeightPiece> column_pieces(const MlpShape& shape);

/// One step of Adam on a network, given dL/d(effective weights), which changes its effective
/// `weights` and the moments, and with weight normalisation the parameters. Without it these are
/// the weights: to keep both at each step is a third of its memory traffic, so that they are copied
/// when someone is to see them (`parameters_of`). Different pieces may be run at once, in different
/// threads; the result does not depend on it.
class NetworkStep {
 public:
  NetworkStep(const MlpShape& shape, const AdamBlock& block, int64_t step, const AdamRates& rates,
              float* weights);

  /// Of `row_pieces`, where weights are parameters. Reads the gradient of these rows alone.
  void rows(const WeightPiece& piece, const float* weight_gradient) const;
  /// Of `column_pieces`, with weight normalisation.
  void columns(const WeightPiece& piece, const float* weight_gradient) const;
  /// All of it.
  void all(const float* weight_gradient) const;

 private:
  const MlpShape& shape_;
  AdamBlock block_;
  AdamRates rates_;
  float scale_, root_;  ///< What of the step is the same for all parameters.
  float* weights_;
};

/// The parameters that effective weights are, without weight normalisation.
void parameters_of(const MlpShape& shape, const float* weights, float* parameters);

/// Effective weights of a block of parameters; `weights` beyond the rows' width stay as they are.
void effective_weights(const MlpShape& shape, const float* parameters, float* weights);

}  // namespace reverie::kernels
