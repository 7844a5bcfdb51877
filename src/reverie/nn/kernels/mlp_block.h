// A tanh MLP and its derivatives in plain matrix form, on one block of rows, without autograd.
#pragma once

#include <cstdint>
#include <vector>

namespace reverie {

/// A tanh MLP with a linear last layer, and its derivatives, on a block of rows small enough to
/// stay in cache through all layers. With f(theta, x) the network, for each row:
///
///     forward          y = f(theta, x)
///     reverse          the sensitivities of c^T y to every layer, for a cotangent c
///     add_gradient     G += J^T c, J = dy / dtheta
///     tangent          y' = J v
///     add_tangent_of_gradient
///                      G += d/de [J(theta + e v)^T (c + e c')] at e = 0
///     take_gradient    what G has come to
///
/// `add_tangent_of_gradient` is Pearlmutter's R-operator ("Fast exact multiplication by the
/// Hessian", 1994): with c = dL/dy and c' the derivative of c along v, it is the exact
/// Hessian-vector product of L. The sum G accumulates over many blocks of rows. Calls build on the
/// ones above them. Parameters are flat: weight [out, in] and bias [out] of each layer in order.
/// Pointers passed must stay valid until the last call that builds on them. One object per thread;
/// results depend on the arguments alone.
class MlpBlock {
 public:
  /// `sizes`: input, hidden …, output. `capacity`: the maximum rows of a call.
  MlpBlock(const std::vector<int64_t>& sizes, int64_t capacity);
  MlpBlock(const MlpBlock&) = delete;  // layers point into its memory
  MlpBlock& operator=(const MlpBlock&) = delete;

  /// The number of weights and biases.
  int64_t parameter_count() const { return parameter_count_; }

  /// Returns y [rows, out]. `input` is [rows, in].
  const float* forward(const float* parameters, const float* input, int64_t rows);
  /// `cotangent` is [rows, out].
  void reverse(const float* cotangent);
  void add_gradient();
  /// Returns y' [rows, out]. `direction` is laid out like the parameters.
  const float* tangent(const float* direction);
  /// Needs `reverse` and `tangent`; `cotangent_tangent` is c' [rows, out].
  void add_tangent_of_gradient(const float* cotangent_tangent);
  /// Adds G, laid out like the parameters, to `sum` and resets it to 0.
  void take_gradient(float* sum);

 private:
  struct Layer {
    int64_t in, out;
    int64_t weight, bias;   // offsets in the flat parameters
    float* output;          // [capacity, out]: tanh(z), or z in the last layer
    float* delta;           // the sensitivity of z
    float* z_tangent;       // z' along the direction
    float* output_tangent;  // (tanh z)'
    float* delta_tangent;   // delta'
    float* gradient;        // G: the weights as [in, out] or [out, in], then the bias

    // Columns that fill whole vectors make the product up to twice as fast.
    bool gradient_by_output() const { return out < in && out % 8 != 0; }
    void add_gradient(const float* input, const float* its_delta, int64_t rows) const;
    void add_bias_gradient(const float* its_delta, int64_t rows) const;
  };

  /// Weights [in, out] of each layer of flat parameters, recomputed only when these change.
  class Transposed {
   public:
    const float* of(const std::vector<Layer>& layers, const float* flat, int64_t count);

   private:
    std::vector<float> from_, to_;
  };

  /// Propagates the sensitivity of a layer's z to that of the layer below.
  void reverse(const Layer& layer, const Layer& below);

  std::vector<Layer> layers_;
  std::vector<float> memory_;
  Transposed transposed_parameters_, transposed_direction_;  // for products by vectors
  int64_t parameter_count_ = 0;
  int64_t rows_ = 0;
  const float* parameters_ = nullptr;
  const float* input_ = nullptr;
  const float* direction_ = nullptr;
};

}  // namespace reverie
