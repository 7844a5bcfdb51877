// Forward and backward passes of an MLP on the CPU: matrix products over rows that stay in cache.
#pragma once

#include <reverie/nn/kernels/adam.h>
#include <reverie/nn/kernels/rounded.h>

#include <memory>
#include <vector>

namespace reverie::kernels {

/// One network's effective weights, prepared for the products of passes: unchanged in f32,
/// otherwise rounded and packed once for all products.
class ReadyWeights {
 public:
  /// `rows`: the approximate number of rows per pass.
  ReadyWeights(const MlpShape& shape, int64_t rows, Use use, Precision precision);

  /// Prepares a block of effective weights, which must outlive this object (biases are read from
  /// it).
  void read(const float* weights);
  /// The same in pieces, which may run concurrently in different threads, after `begin_read`.
  void begin_read(const float* weights) { weights_ = weights; }
  int64_t pieces() const { return static_cast<int64_t>(rounded_.size()); }
  void read_piece(int64_t piece);

  /// Whether weights have been read and suit such passes.
  bool serve(const MlpShape& shape, Use use, Precision precision) const;
  const float* weights() const { return weights_; }
  /// Layer `l`'s rounded weights for the forward pass.
  const RoundedMatrix& forward(int64_t l) const { return rounded_[static_cast<size_t>(l)]; }
  /// Layer `l`'s rounded weights for the backward pass, l >= 1.
  const RoundedMatrix& backward(int64_t l) const {
    return rounded_[static_cast<size_t>(shape_.layers() + l - 1)];
  }

 private:
  MlpShape shape_;
  int64_t rows_;
  const float* weights_ = nullptr;
  std::vector<RoundedMatrix> rounded_;  ///< Empty in f32.
};

/// Forward and backward passes of one MLP for up to `capacity` rows, in float32 except for the
/// products' `precision`. Holds the activations (for inference, two layers at a time), plus rounded
/// copies where products need them; allocates nothing after construction. One thread at a time;
/// results depend on the arguments alone. NaN stays NaN through every activation. The torch
/// counterpart is `Ensemble::forward`. Throws std::logic_error for weights that have not been read,
/// or have another shape or precision.
class MlpPass {
 public:
  MlpPass(const MlpShape& shape, int64_t capacity, Use use = Use::training,
          Precision precision = Precision::f32);

  /// y = mlp(x): `x` is [rows, input], the result [rows, output], valid until the next call.
  /// `weights` must be prepared for this precision.
  const float* forward(const ReadyWeights& weights, const float* x, int64_t rows);

  /// After `forward` with the same arguments, for training: writes dL/dweights to `gradient` (laid
  /// out like `weights`; padding is not written), given dL/dy [rows, output].
  void backward(const ReadyWeights& weights, const float* x, int64_t rows,
                const float* output_gradient, float* gradient);

  // The same in pieces. Those of different rows, then those of different weights, may run
  // concurrently in different threads.

  /// Sets the number of rows of the coming pass.
  void begin(int64_t rows);
  /// Forward pass of rows [first, first + count) of `x`.
  void forward_rows(const ReadyWeights& weights, const float* x, int64_t first, int64_t count);
  const float* output() const { return post_.back(); }
  /// After `forward_rows` of these rows: computes the gradients of their pre-activations.
  void backward_rows(const ReadyWeights& weights, int64_t first, int64_t count,
                     const float* output_gradient);
  /// After `backward_rows` of these rows: adds dL/dx of the inputs [column, column + columns) to
  /// `gradient` [count, columns]. In f32 always: the first layer's weights are not rounded for it.
  void add_input_gradient(const ReadyWeights& weights, int64_t first, int64_t count,
                          const float* output_gradient, int64_t column, int64_t columns,
                          float* gradient) const;
  /// After `backward_rows` of all rows: computes this piece of dL/dweights.
  void weight_gradient(const WeightPiece& piece, const float* x, const float* output_gradient,
                       float* gradient) const;

 private:
  bool rounds() const { return precision_ != Precision::f32; }
  void require(const ReadyWeights& weights) const;
  void forward_layer(int64_t l, const ReadyWeights& ready, const float* weights, const float* input,
                     int64_t input_stride, int64_t first, int64_t count);
  /// Distance between rows of layer `l`'s output.
  int64_t output_stride(int64_t l) const {
    return l + 1 == shape_.layers() ? shape_.output() : row_stride(shape_.sizes[l + 1]);
  }

  /// Uninitialised memory, always written before it is read.
  using Buffer = std::unique_ptr<float[]>;

  const MlpShape shape_;
  const Precision precision_;
  std::vector<Buffer> memory_;
  /// For each layer, values before (swish in training; else null) and after the activation.
  std::vector<float*> pre_, post_;
  std::vector<float*> delta_;  ///< For each hidden layer in training: dL/d(pre-activation).
  int64_t rows_ = 0;           ///< Of the current call.
  /// For each layer, where products are rounded: its input and delta, laid out for the forward and
  /// backward passes and (by row) for the sum over rows in the weight gradient.
  std::vector<RoundedMatrix> input_, input_by_row_, rounded_delta_, delta_by_row_;
};

}  // namespace reverie::kernels
