// By a library's products, over whole blocks. Compiled for AVX-512: mlp_block_tiles.cpp.
#include <reverie/nn/kernels/tiles.h>

#ifndef REVERIE_TILES

#include <reverie/core/elementary.h>
#include <reverie/nn/kernels/mlp_block.h>
#include <reverie/nn/kernels/small_gemm.h>

#include <algorithm>

namespace reverie {
namespace {

/// Every row of output [rows, width], `rows` >= 1, = row, by few long copies: each doubles what is
/// there.
void fill_rows(const float* row, int64_t rows, int64_t width, float* output) {
  std::copy_n(row, width, output);
  for (int64_t filled = 1; filled < rows; filled *= 2)
    std::copy_n(output, std::min(filled, rows - filled) * width, output + filled * width);
}

}  // namespace

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

void MlpBlock::reverse(const Layer& layer, const Layer& below) {
  small_gemm(Op::plain, Op::plain, rows_, layer.in, layer.out, layer.delta,
             parameters_ + layer.weight, 0.0f, below.delta);
  float* __restrict delta = below.delta;
  const float* __restrict h = below.output;
  for (int64_t i = 0; i < rows_ * below.out; ++i) delta[i] *= 1.0f - h[i] * h[i];
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

void MlpBlock::Layer::add_gradient(const float* input, const float* its_delta, int64_t rows) const {
  if (gradient_by_output())
    small_gemm(Op::transposed, Op::plain, out, in, rows, its_delta, input, 1.0f, gradient);
  else
    small_gemm(Op::transposed, Op::plain, in, out, rows, input, its_delta, 1.0f, gradient);
}

}  // namespace reverie

#endif
