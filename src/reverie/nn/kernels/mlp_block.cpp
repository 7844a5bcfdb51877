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

}  // namespace

MlpBlock::MlpBlock(const std::vector<int64_t>& sizes, int64_t capacity) {
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

void MlpBlock::reverse(const float* cotangent) {
  const Layer& last = layers_.back();
  std::copy(cotangent, cotangent + rows_ * last.out, last.delta);
  for (size_t l = layers_.size() - 1; l > 0; --l) reverse(layers_[l], layers_[l - 1]);
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
