#include <reverie/nn/kernels/mlp.h>

#include <reverie/core/elementary.h>
#include <reverie/nn/kernels/small_gemm.h>
#include <reverie/nn/kernels/tiles.h>

#include <algorithm>
#include <stdexcept>

namespace reverie::kernels {
namespace {

inline float sigmoid(float z) {
  return 1.0f / (1.0f + fast_exp(-z));
}

inline float swish(float z) {
  return z / (1.0f + fast_exp(-z));
}

/// Adds the bias to each row of z [rows, width] and applies the activation. `pre` keeps z where its
/// derivative needs it; null: it won't. Here and below NaN stays NaN, as with torch, so that a
/// network that has diverged shows it.
void bias_and_activate(Activation activation, bool last, const float* bias, int64_t rows,
                       int64_t width, int64_t stride, float* z, float* pre) {
  for (int64_t i = 0; i < rows; ++i) {
    float* row = z + i * stride;
    if (last) {
      for (int64_t j = 0; j < width; ++j) row[j] += bias[j];
    } else if (activation == Activation::relu) {
      for (int64_t j = 0; j < width; ++j) row[j] = std::max(row[j] + bias[j], 0.0f);
    } else if (activation == Activation::tanh) {
      for (int64_t j = 0; j < width; ++j) row[j] = fast_tanh(row[j] + bias[j]);
    } else if (pre == nullptr) {
      for (int64_t j = 0; j < width; ++j) {
        const float x = row[j] + bias[j];
        row[j] = swish(x);
      }
    } else {
      float* kept = pre + i * stride;
      for (int64_t j = 0; j < width; ++j) {
        kept[j] = row[j] + bias[j];
        row[j] = swish(kept[j]);
      }
    }
  }
}

#ifdef REVERIE_TILES
/// A layer of f32: the product, the bias and the activation in one.
void layer_by_tiles(Activation activation, bool last, const float* weights, int64_t rows,
                    int64_t in, int64_t out, int64_t weight_stride, const float* x,
                    int64_t x_stride, float* y, int64_t y_stride, float* pre) {
  const tiles::Factors factors[] = {{x, x_stride, 1, weights, weight_stride, in}};
  const auto write = [&](const auto& activated) {
    tiles::product(rows, out, factors, weights + in * weight_stride,
                   [&](int64_t row, int64_t column, int64_t count, tiles::Vector z) {
                     const int64_t at = row * y_stride + column;
                     tiles::store(y + at, count, activated(z, at, count));
                   });
  };
  using tiles::Vector;
  if (last)
    write([](Vector z, int64_t, int64_t) { return z; });
  else if (activation == Activation::relu)
    write([](Vector z, int64_t, int64_t) { return z < Vector{} ? Vector{} : z; });
  else if (activation == Activation::tanh)
    write([](Vector z, int64_t, int64_t) { return tiles::tanh(z); });
  else
    write([pre](Vector z, int64_t at, int64_t count) {
      if (pre != nullptr) tiles::store(pre + at, count, z);
      return z * tiles::inverse(1.0f + tiles::exp(-z));
    });
}
#endif

/// delta *= activation'(z) for one row, from the activation's value (and z, for swish).
void through_activation(Activation activation, int64_t width, const float* post, const float* pre,
                        float* delta) {
  if (activation == Activation::relu) {
    for (int64_t j = 0; j < width; ++j) delta[j] = post[j] <= 0.0f ? 0.0f : delta[j];
  } else if (activation == Activation::tanh) {
    for (int64_t j = 0; j < width; ++j) delta[j] *= 1.0f - post[j] * post[j];
  } else {
    for (int64_t j = 0; j < width; ++j) {
      const float s = sigmoid(pre[j]);
      delta[j] *= s + pre[j] * s * (1.0f - s);
    }
  }
}

}  // namespace

MlpPass::MlpPass(const MlpShape& shape, int64_t capacity, Use use, Precision precision)
    : shape_(shape), precision_(resolved(precision, use)) {
  if (rounds())
    for (int64_t l = 0; l < shape.layers(); ++l) {
      const int64_t in = shape.sizes[l], out = shape.sizes[l + 1];
      input_.emplace_back(precision_, Side::left, Sums::columns, capacity, in);
      if (use == Use::inference) continue;
      input_by_row_.emplace_back(precision_, Side::left, Sums::rows, capacity, in);
      rounded_delta_.emplace_back(precision_, Side::left, Sums::columns, capacity, out);
      delta_by_row_.emplace_back(precision_, Side::right, Sums::rows, capacity, out);
    }
  int64_t widest = 0;  // a wider layer may have the shorter stride
  for (int64_t l = 0; l < shape.layers(); ++l) widest = std::max(widest, output_stride(l));
  const auto buffer = [&, capacity](int64_t stride) {
    memory_.push_back(
        std::make_unique_for_overwrite<float[]>(static_cast<size_t>(capacity * stride)));
    return memory_.back().get();
  };
  const auto layers = static_cast<size_t>(shape.layers());
  pre_.assign(layers, nullptr);
  if (use == Use::inference) {
    // No layer is needed once the next is known: two buffers in turn, which stay in cache.
    for (int i = 0; i < 2; ++i) buffer(widest);
    for (size_t l = 0; l < layers; ++l) post_.push_back(memory_[l % 2].get());
    return;
  }
  delta_.assign(layers, nullptr);
  for (int64_t l = 0; l < shape.layers(); ++l) {
    const bool last = l + 1 == shape.layers();
    post_.push_back(buffer(output_stride(l)));
    if (!last) delta_[l] = buffer(output_stride(l));
    if (!last && shape.activation == Activation::swish) pre_[l] = buffer(output_stride(l));
  }
}

const float* MlpPass::forward(const ReadyWeights& weights, const float* x, int64_t rows) {
  begin(rows);
  forward_rows(weights, x, 0, rows);
  return output();
}

void MlpPass::require(const ReadyWeights& weights) const {
  if (!weights.serve(shape_, delta_.empty() ? Use::inference : Use::training, precision_))
    throw std::logic_error("weights that nobody has read, or made ready for other passes");
}

void MlpPass::begin(int64_t rows) {
  rows_ = rows;
  for (auto& input : input_by_row_) input.set_rows(rows);
  for (auto& delta : delta_by_row_) delta.set_rows(rows);
}

void MlpPass::forward_rows(const ReadyWeights& weights, const float* x, int64_t first,
                           int64_t count) {
  require(weights);
  const float* input = x + first * shape_.input();
  const float* at = weights.weights();
  int64_t input_stride = shape_.input();
  for (int64_t l = 0; l < shape_.layers(); ++l) {
    forward_layer(l, weights, at, input, input_stride, first, count);
    at += (shape_.sizes[l] + 1) * shape_.stride(l);
    input_stride = output_stride(l);
    input = post_[l] + first * input_stride;
  }
}

void MlpPass::forward_layer(int64_t l, const ReadyWeights& ready, const float* weights,
                            const float* input, int64_t input_stride, int64_t first,
                            int64_t count) {
  const int64_t in = shape_.sizes[l], out = shape_.sizes[l + 1], stride = shape_.stride(l);
  const bool last = l + 1 == shape_.layers();
  const int64_t at = first * output_stride(l);
  float* output = post_[l] + at;
  float* pre = pre_[l] == nullptr ? nullptr : pre_[l] + at;
  const float* bias = weights + in * stride;
  if (rounds()) {
    input_[l].write(first, count, input, input_stride);
    if (!input_by_row_.empty()) input_by_row_[l].write(first, count, input, input_stride);
    product(input_[l], first, count, ready.forward(l), output, output_stride(l));
  } else {
#ifdef REVERIE_TILES
    layer_by_tiles(shape_.activation, last, weights, count, in, out, stride, input, input_stride,
                   output, output_stride(l), pre);
    return;
#endif
    small_gemm(Op::plain, Op::plain, count, out, in, input, input_stride, weights, stride, 0.0f,
               output, output_stride(l));
  }
  bias_and_activate(shape_.activation, last, bias, count, out, output_stride(l), output, pre);
}

void MlpPass::backward(const ReadyWeights& weights, const float* x, int64_t rows,
                       const float* output_gradient, float* gradient) {
  backward_rows(weights, 0, rows, output_gradient);
  for (const auto& piece : row_pieces(shape_)) weight_gradient(piece, x, output_gradient, gradient);
}

void MlpPass::backward_rows(const ReadyWeights& ready, int64_t first, int64_t count,
                            const float* output_gradient) {
  if (delta_.empty()) throw std::logic_error("backward needs a pass for training");
  require(ready);
  const float* delta = output_gradient + first * shape_.output();
  const float* weights = ready.weights() + shape_.effective_count();
  for (int64_t l = shape_.layers() - 1;; --l) {
    const int64_t in = shape_.sizes[l], out = shape_.sizes[l + 1], stride = shape_.stride(l);
    if (rounds()) delta_by_row_[l].write(first, count, delta, output_stride(l));
    if (l == 0) return;
    const int64_t input_stride = output_stride(l - 1), at = first * input_stride;
    weights -= (in + 1) * stride;
    float* previous = delta_[l - 1] + at;
    if (rounds()) {
      rounded_delta_[l].write(first, count, delta, output_stride(l));
      product(rounded_delta_[l], first, count, ready.backward(l), previous, input_stride);
    } else {
      small_gemm(Op::plain, Op::transposed, count, in, out, delta, output_stride(l), weights,
                 stride, 0.0f, previous, input_stride);
    }
    for (int64_t i = 0; i < count; ++i) {
      const int64_t row = i * input_stride;
      through_activation(shape_.activation, in, post_[l - 1] + at + row,
                         pre_[l - 1] == nullptr ? nullptr : pre_[l - 1] + at + row, previous + row);
    }
    delta = previous;
  }
}

void MlpPass::add_input_gradient(const ReadyWeights& weights, int64_t first, int64_t count,
                                 const float* output_gradient, int64_t column, int64_t columns,
                                 float* gradient) const {
  if (delta_.empty()) throw std::logic_error("an input's gradient needs a pass for training");
  const int64_t stride = shape_.stride(0), delta_stride = output_stride(0);
  const float* delta = shape_.layers() == 1 ? output_gradient : delta_[0];
  small_gemm(Op::plain, Op::transposed, count, columns, shape_.sizes[1],
             delta + first * delta_stride, delta_stride, weights.weights() + column * stride,
             stride, 1.0f, gradient, columns);
}

void MlpPass::weight_gradient(const WeightPiece& piece, const float* x,
                              const float* output_gradient, float* gradient) const {
  const int64_t l = piece.layer, in = shape_.sizes[l], out = shape_.sizes[l + 1];
  const int64_t stride = shape_.stride(l), delta_stride = output_stride(l);
  for (int64_t k = 0; k < l; ++k) gradient += (shape_.sizes[k] + 1) * shape_.stride(k);
  const float* delta = l + 1 == shape_.layers() ? output_gradient : delta_[l];
  const float* input = l == 0 ? x : post_[l - 1];
  const int64_t end = piece.first + piece.count;
  if (const int64_t count = std::min(end, in) - piece.first; count > 0) {
    float* to = gradient + piece.first * stride;
    if (rounds())
      product(input_by_row_[l], piece.first, count, delta_by_row_[l], to, stride);
    else
      small_gemm(Op::transposed, Op::plain, count, out, rows_, input + piece.first,
                 l == 0 ? in : output_stride(l - 1), delta, delta_stride, 0.0f, to, stride);
  }
  if (end <= in) return;
  float* bias_gradient = gradient + in * stride;
  std::fill_n(bias_gradient, out, 0.0f);
  for (int64_t i = 0; i < rows_; ++i)
    for (int64_t j = 0; j < out; ++j) bias_gradient[j] += delta[i * delta_stride + j];
}

ReadyWeights::ReadyWeights(const MlpShape& shape, int64_t rows, Use use, Precision precision)
    : shape_(shape), rows_(rows) {
  precision = resolved(precision, use);
  if (precision == Precision::f32) return;
  for (int64_t l = 0; l < shape.layers(); ++l)
    rounded_.emplace_back(precision, Side::right, Sums::rows, shape.sizes[l], shape.sizes[l + 1]);
  if (use == Use::inference) return;
  for (int64_t l = 1; l < shape.layers(); ++l)
    rounded_.emplace_back(precision, Side::right, Sums::columns, shape.sizes[l],
                          shape.sizes[l + 1]);
}

bool ReadyWeights::serve(const MlpShape& shape, Use use, Precision precision) const {
  if (weights_ == nullptr || shape_.sizes != shape.sizes) return false;
  if (precision == Precision::f32) return rounded_.empty();
  const int64_t least = use == Use::inference ? shape.layers() : 2 * shape.layers() - 1;
  return pieces() >= least && rounded_.front().precision() == precision;
}

void ReadyWeights::read(const float* weights) {
  begin_read(weights);
  for (int64_t piece = 0; piece < pieces(); ++piece) read_piece(piece);
}

void ReadyWeights::read_piece(int64_t piece) {
  const int64_t layer = piece < shape_.layers() ? piece : piece - shape_.layers() + 1;
  const float* from = weights_;
  for (int64_t l = 0; l < layer; ++l) from += (shape_.sizes[l] + 1) * shape_.stride(l);
  auto& rounded = rounded_[static_cast<size_t>(piece)];
  rounded.write(0, shape_.sizes[layer], from, shape_.stride(layer));
  rounded.pack(rows_);
}

}  // namespace reverie::kernels
