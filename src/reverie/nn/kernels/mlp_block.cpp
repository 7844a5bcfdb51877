#include <reverie/core/elementary.h>
#include <reverie/nn/kernels/mlp_block.h>
#include <reverie/nn/kernels/small_gemm.h>

#include <algorithm>

namespace reverie {
namespace {

/// Eight columns at a time: their sums stay in a register.
void add_column_sums(const float* matrix, int64_t rows, int64_t columns, float* sums) {
  constexpr int64_t lanes = 8;
  int64_t j = 0;
  for (; j + lanes <= columns; j += lanes) {
    float sum[lanes] = {};
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t lane = 0; lane < lanes; ++lane) sum[lane] += matrix[i * columns + j + lane];
    for (int64_t lane = 0; lane < lanes; ++lane) sums[j + lane] += sum[lane];
  }
  // A column left over: eight rows at a time, so that no addition waits for the one before.
  for (; j < columns; ++j) {
    float sum[lanes] = {};
    int64_t i = 0;
    for (; i + lanes <= rows; i += lanes)
      for (int64_t lane = 0; lane < lanes; ++lane) sum[lane] += matrix[(i + lane) * columns + j];
    for (; i < rows; ++i) sum[0] += matrix[i * columns + j];
    for (int64_t lane = 0; lane < lanes; ++lane) sums[j] += sum[lane];
  }
}

/// Every row of output [rows, width], `rows` >= 1, = row, by few long copies: each doubles what is
/// there.
void fill_rows(const float* row, int64_t rows, int64_t width, float* output) {
  std::copy_n(row, width, output);
  for (int64_t filled = 1; filled < rows; filled *= 2)
    std::copy_n(output, std::min(filled, rows - filled) * width, output + filled * width);
}

}  // namespace

MlpBlock::MlpBlock(const std::vector<int64_t>& sizes, int64_t capacity) : capacity_(capacity) {
  int64_t floats = 0;
  for (size_t l = 1; l < sizes.size(); ++l)
    floats += 5 * capacity * sizes[l] + (sizes[l - 1] + 1) * sizes[l];
  memory_.resize(static_cast<size_t>(floats));
  float* at = memory_.data();
  for (size_t l = 1; l < sizes.size(); ++l) {
    Layer layer{};
    layer.in = sizes[l - 1];
    layer.out = sizes[l];
    layer.weight = parameter_count_;
    layer.bias = layer.weight + layer.in * layer.out;
    parameter_count_ = layer.bias + layer.out;
    for (float** buffer : {&layer.output, &layer.delta, &layer.z_tangent, &layer.output_tangent,
                           &layer.delta_tangent}) {
      *buffer = at;
      at += capacity * layer.out;
    }
    layer.gradient = at;
    at += (layer.in + 1) * layer.out;
    layers_.push_back(layer);
  }
}

const float* MlpBlock::forward(const float* parameters, const float* input, int64_t rows) {
  parameters_ = parameters;
  input_ = input;
  rows_ = rows;
  for (const Layer& layer : layers_) {
    float* output = layer.output;
    // The product adds to the bias, so that the loop over the activations is one long one.
    fill_rows(parameters + layer.bias, rows, layer.out, output);
    small_gemm(Op::plain, Op::transposed, rows, layer.out, layer.in, input,
               parameters + layer.weight, 1.0f, output);
    input = output;
    if (&layer == &layers_.back()) break;
    for (int64_t i = 0; i < rows * layer.out; ++i) output[i] = fast_tanh(output[i]);
  }
  return layers_.back().output;
}

void MlpBlock::reverse(const float* cotangent) {
  const Layer& last = layers_.back();
  std::copy(cotangent, cotangent + rows_ * last.out, last.delta);
  for (size_t l = layers_.size() - 1; l > 0; --l) {
    const Layer& layer = layers_[l];
    const Layer& below = layers_[l - 1];
    small_gemm(Op::plain, Op::plain, rows_, layer.in, layer.out, layer.delta,
               parameters_ + layer.weight, 0.0f, below.delta);
    float* __restrict delta = below.delta;
    const float* __restrict h = below.output;
    for (int64_t i = 0; i < rows_ * below.out; ++i) delta[i] *= 1.0f - h[i] * h[i];
  }
}

void MlpBlock::Layer::add_gradient(const float* input, const float* its_delta, int64_t rows) const {
  if (gradient_by_output())
    small_gemm(Op::transposed, Op::plain, out, in, rows, its_delta, input, 1.0f, gradient);
  else
    small_gemm(Op::transposed, Op::plain, in, out, rows, input, its_delta, 1.0f, gradient);
}

void MlpBlock::Layer::add_bias_gradient(const float* its_delta, int64_t rows) const {
  add_column_sums(its_delta, rows, out, gradient + in * out);
}

void MlpBlock::add_gradient() {
  const float* input = input_;
  for (const Layer& layer : layers_) {
    layer.add_gradient(input, layer.delta, rows_);
    layer.add_bias_gradient(layer.delta, rows_);
    input = layer.output;
  }
}

void MlpBlock::take_gradient(float* sum) {
  for (const Layer& layer : layers_) {
    const int64_t by_out = layer.gradient_by_output() ? layer.in : 1;
    const int64_t by_in = layer.gradient_by_output() ? 1 : layer.out;
    for (int64_t j = 0; j < layer.out; ++j) {
      for (int64_t i = 0; i < layer.in; ++i)
        sum[layer.weight + j * layer.in + i] += layer.gradient[j * by_out + i * by_in];
      sum[layer.bias + j] += layer.gradient[layer.in * layer.out + j];
    }
    std::fill_n(layer.gradient, (layer.in + 1) * layer.out, 0.0f);
  }
}

const float* MlpBlock::tangent(const float* direction) {
  direction_ = direction;
  const float* input = input_;
  const float* input_tangent = nullptr;  // the observation doesn't change with the parameters
  for (const Layer& layer : layers_) {
    float* __restrict z = layer.z_tangent;
    fill_rows(direction + layer.bias, rows_, layer.out, z);
    small_gemm(Op::plain, Op::transposed, rows_, layer.out, layer.in, input,
               direction + layer.weight, 1.0f, z);
    if (input_tangent)
      small_gemm(Op::plain, Op::transposed, rows_, layer.out, layer.in, input_tangent,
                 parameters_ + layer.weight, 1.0f, z);
    if (&layer == &layers_.back()) return z;
    float* __restrict h = layer.output_tangent;
    const float* __restrict y = layer.output;
    for (int64_t i = 0; i < rows_ * layer.out; ++i) h[i] = (1.0f - y[i] * y[i]) * z[i];
    input = layer.output;
    input_tangent = layer.output_tangent;
  }
  return nullptr;  // there is always a last layer
}

void MlpBlock::add_tangent_of_gradient(const float* cotangent_tangent) {
  const Layer& last = layers_.back();
  std::copy(cotangent_tangent, cotangent_tangent + rows_ * last.out, last.delta_tangent);
  for (size_t l = layers_.size(); l-- > 0;) {
    const Layer& layer = layers_[l];
    const float* input = l > 0 ? layers_[l - 1].output : input_;
    // (h^T delta)' = h^T delta' + h'^T delta
    layer.add_gradient(input, layer.delta_tangent, rows_);
    layer.add_bias_gradient(layer.delta_tangent, rows_);
    if (l == 0) break;
    const Layer& below = layers_[l - 1];
    layer.add_gradient(below.output_tangent, layer.delta, rows_);
    // delta_below = (delta W) (1 - h^2); its tangent has a term for each of the three factors.
    small_gemm(Op::plain, Op::plain, rows_, layer.in, layer.out, layer.delta_tangent,
               parameters_ + layer.weight, 0.0f, below.delta_tangent);
    small_gemm(Op::plain, Op::plain, rows_, layer.in, layer.out, layer.delta,
               direction_ + layer.weight, 1.0f, below.delta_tangent);
    for (int64_t i = 0; i < rows_ * below.out; ++i) {
      const float h = below.output[i];
      below.delta_tangent[i] =
          (1.0f - h * h) * below.delta_tangent[i] - 2.0f * h * below.z_tangent[i] * below.delta[i];
    }
  }
}

}  // namespace reverie
