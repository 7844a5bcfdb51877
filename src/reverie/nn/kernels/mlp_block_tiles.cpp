// Where vectors hold 16 numbers a product of so few columns is over before a library's call has
// begun, and what follows it is done while its sums are in registers. Elsewhere:
// mlp_block_gemm.cpp.
#include <reverie/nn/kernels/tiles.h>

#ifdef REVERIE_TILES

#include <reverie/nn/kernels/mlp_block.h>

#include <cstring>

namespace reverie {

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

void MlpBlock::reverse(const Layer& layer, const Layer& below) {
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

}  // namespace reverie

#endif
