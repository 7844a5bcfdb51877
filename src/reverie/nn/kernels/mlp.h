// The CPU's way through an MLP and back: matrix products over rows that stay in cache.
#pragma once

#include <reverie/nn/kernels/adam.h>
#include <reverie/nn/kernels/rounded.h>

#include <memory>
#include <vector>

namespace reverie::kernels {

/// One network's effective weights, ready for the products of passes: as they are in f32, else
/// rounded and laid out, once for all products.
class ReadyWeights {
 public:
  /// `rows`: of the passes they are for, about.
  ReadyWeights(const MlpShape& shape, int64_t rows, Use use, Precision precision);

  /// Makes a block of effective weights ready, which must outlive this (biases stay there).
  void read(const float* weights);
  /// The same in pieces, which may run at once in different threads, after `begin_read`.
  void begin_read(const float* weights) { weights_ = weights; }
  int64_t pieces() const { return static_cast<int64_t>(rounded_.size()); }
  void read_piece(int64_t piece);

  /// Whether some have been read, and suit such passes.
  bool serve(const MlpShape& shape, Use use, Precision precision) const;
  const float* weights() const { return weights_; }
  /// Layer `l`'s, rounded, for the forward pass.
  const RoundedMatrix& forward(int64_t l) const { return rounded_[static_cast<size_t>(l)]; }
  /// Layer `l`'s, from 1 on, for the backward pass.
  const RoundedMatrix& backward(int64_t l) const {
    return rounded_[static_cast<size_t>(shape_.layers() + l - 1)];
  }

 private:
  MlpShape shape_;
  int64_t rows_;
  const float* weights_ = nullptr;
  std::vector<RoundedMatrix> rounded_;  ///< Empty in f32.
};

/// Forward and backward passes of one MLP for up to `capacity` rows, float32 but for the products'
/// `precision`. Holds the activations (for inference two layers' at a time), rounded ones beside
/// them where products want them; allocates nothing after its construction. One thread at a time;
/// results depend on the arguments alone. NaN stays NaN through every activation. The torch twin is
/// `Ensemble::forward`. Throws std::logic_error for weights that nobody has read, or that are of
/// another shape or precision.
class MlpPass {
 public:
  MlpPass(const MlpShape& shape, int64_t capacity, Use use = Use::training,
          Precision precision = Precision::f32);

  /// y = mlp(x): `x` is [rows, input], the result [rows, output], valid until the next call.
  /// `weights` are made for this precision.
  const float* forward(const ReadyWeights& weights, const float* x, int64_t rows);

  /// After `forward` on the same arguments, for training: writes dL/dweights to `gradient` (laid
  /// out like `weights`; between its rows nothing is written), given dL/dy [rows, output].
  void backward(const ReadyWeights& weights, const float* x, int64_t rows,
                const float* output_gradient, float* gradient);

  // The same in pieces. Those of different rows, then those of different weights, may run at once
  // in different threads.

  /// How many rows there are to come.
  void begin(int64_t rows);
  /// Forward of the rows [first, first + count) of `x`.
  void forward_rows(const ReadyWeights& weights, const float* x, int64_t first, int64_t count);
  const float* output() const { return post_.back(); }
  /// After `forward_rows` of these rows: the sensitivities of their layers.
  void backward_rows(const ReadyWeights& weights, int64_t first, int64_t count,
                     const float* output_gradient);
  /// After `backward_rows` of all rows: this part of dL/dweights.
  void weight_gradient(const WeightPiece& piece, const float* x, const float* output_gradient,
                       float* gradient) const;

 private:
  bool rounds() const { return precision_ != Precision::f32; }
  void require(const ReadyWeights& weights) const;
  void forward_layer(int64_t l, const ReadyWeights& ready, const float* weights, const float* input,
                     int64_t input_stride, int64_t first, int64_t count);
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
  std::vector<float*> delta_;  ///< Of each hidden layer in training: dL/d(before the activation).
  int64_t rows_ = 0;           ///< Of the call under way.
  /// Of each layer, where products are rounded: its input and its delta as they are passed on, and
  /// as the weights' gradient sums them.
  std::vector<RoundedMatrix> input_, input_by_row_, rounded_delta_, delta_by_row_;
};

}  // namespace reverie::kernels
