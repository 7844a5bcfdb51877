#include <reverie/core/elementary.h>
#include <reverie/nn/kernels/mlp_block.h>
#include <reverie/nn/kernels/small_gemm.h>
#include <reverie/nn/kernels/tiles.h>

#include <algorithm>
#include <cstring>

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

#ifdef REVERIE_TILES

// Where vectors hold 16 numbers a product of so few columns is over before a library's call has
// begun, and what follows it is done while its sums are in registers.
namespace tiles = kernels::tiles;

const float* MlpBlock::Transposed::of(const std::vector<Layer>& layers, const float* flat,
                                      int64_t count) {
  const size_t size = static_cast<size_t>(count) * sizeof(float);
  if (!from_.empty() && std::memcmp(from_.data(), flat, size) == 0)
    return to_.data();  // the block before had them too
  from_.assign(flat, flat + count);
  to_.resize(from_.size());
  for (const Layer& layer : layers)
    for (int64_t j = 0; j < layer.out; ++j)
      for (int64_t i = 0; i < layer.in; ++i)
        to_[layer.weight + i * layer.out + j] = flat[layer.weight + j * layer.in + i];
  return to_.data();
}

const float* MlpBlock::forward(const float* parameters, const float* input, int64_t rows) {
  parameters_ = parameters;
  input_ = input;
  rows_ = rows;
  const float* weights = transposed_parameters_.of(layers_, parameters, parameter_count_);
  for (const Layer& layer : layers_) {
    const tiles::Factors factors[] = {
        {input, layer.in, 1, weights + layer.weight, layer.out, layer.in}};
    const auto write = [&](const auto& activation) {
      tiles::product(rows, layer.out, factors, parameters + layer.bias,
                     [&, to = layer.output, out = layer.out](int64_t row, int64_t column,
                                                             int64_t count, tiles::Vector z) {
                       tiles::store(to + row * out + column, count, activation(z));
                     });
    };
    if (&layer == &layers_.back())
      write([](tiles::Vector z) { return z; });
    else
      write([](tiles::Vector z) { return tiles::tanh(z); });
    input = layer.output;
  }
  return layers_.back().output;
}

void MlpBlock::reverse(const float* cotangent) {
  const Layer& last = layers_.back();
  std::copy(cotangent, cotangent + rows_ * last.out, last.delta);
  for (size_t l = layers_.size() - 1; l > 0; --l) {
    const Layer& layer = layers_[l];
    const Layer& below = layers_[l - 1];
    const tiles::Factors factors[] = {
        {layer.delta, layer.out, 1, parameters_ + layer.weight, layer.in, layer.out}};
    tiles::product(rows_, layer.in, factors, nullptr,
                   [h = below.output, to = below.delta, in = layer.in](
                       int64_t row, int64_t column, int64_t count, tiles::Vector delta) {
                     const int64_t at = row * in + column;
                     const auto y = tiles::load(h + at, tiles::first_lanes(count));
                     tiles::store(to + at, count, delta * (1.0f - y * y));
                   });
  }
}

const float* MlpBlock::tangent(const float* direction) {
  direction_ = direction;
  const float* weights = transposed_parameters_.of(layers_, parameters_, parameter_count_);
  const float* changes = transposed_direction_.of(layers_, direction, parameter_count_);
  const float* input = input_;
  for (size_t l = 0; l < layers_.size(); ++l) {
    const Layer& layer = layers_[l];
    const bool last = l + 1 == layers_.size();
    const tiles::Factors of_weights = {input,     layer.in, 1, changes + layer.weight,
                                       layer.out, layer.in};
    const auto write = [&layer, last](int64_t row, int64_t column, int64_t count, tiles::Vector z) {
      const int64_t at = row * layer.out + column;
      tiles::store(layer.z_tangent + at, count, z);
      if (last) return;
      const auto y = tiles::load(layer.output + at, tiles::first_lanes(count));
      tiles::store(layer.output_tangent + at, count, (1.0f - y * y) * z);
    };
    if (l == 0) {  // the observation doesn't change with the parameters
      const tiles::Factors factors[] = {of_weights};
      tiles::product(rows_, layer.out, factors, direction + layer.bias, write);
    } else {
      const tiles::Factors factors[] = {of_weights,
                                        {layers_[l - 1].output_tangent, layer.in, 1,
                                         weights + layer.weight, layer.out, layer.in}};
      tiles::product(rows_, layer.out, factors, direction + layer.bias, write);
    }
    input = layer.output;
  }
  return layers_.back().z_tangent;
}

void MlpBlock::Layer::add_gradient(const float* input, const float* its_delta, int64_t rows) const {
  const auto add = [](const float* x, int64_t x_width, const float* w, int64_t w_width,
                      int64_t count, float* sum) {
    const tiles::Factors factors[] = {{x, 1, x_width, w, w_width, count}};
    tiles::product(x_width, w_width, factors, nullptr,
                   [sum, w_width](int64_t row, int64_t column, int64_t lanes, tiles::Vector part) {
                     float* to = sum + row * w_width + column;
                     tiles::store(to, lanes, tiles::load(to, tiles::first_lanes(lanes)) + part);
                   });
  };
  if (gradient_by_output())
    add(its_delta, out, input, in, rows, gradient);
  else
    add(input, in, its_delta, out, rows, gradient);
}

#else

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

#endif

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
