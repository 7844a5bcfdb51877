// The layout of a multilayer perceptron in a flat block of parameters.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace reverie {

enum class Activation { relu, tanh, swish };
std::vector<std::string> setting_names(Activation);

/// The row stride at which a matrix of `width` columns multiplies fast. Rows a multiple of 256
/// bytes apart share few cache sets: 512 columns ran at 0.7 of the speed of 528.
constexpr int64_t row_stride(int64_t width) {
  return width % 64 == 0 ? width + 16 : width;
}

/// Layer widths (input, hidden …, output) and the hidden activation; the output is linear. A
/// layer's weights [in, out] (row-major) and bias [out] follow each other in a flat block of
/// *parameters*. With weight normalisation (Salimans & Kingma 2016) a layer holds directions V [in,
/// out], bias [out] and lengths g [out]. The network computes with its *effective weights*: W
/// itself, or W = V g / |V| by column. Their block holds [in + 1, stride] for each layer, the bias
/// as the last row; row padding is zero.
struct MlpShape {
  std::vector<int64_t> sizes;
  Activation activation = Activation::relu;
  bool weight_normalisation = false;

  int64_t layers() const { return static_cast<int64_t>(sizes.size()) - 1; }
  int64_t input() const { return sizes.front(); }
  int64_t output() const { return sizes.back(); }
  int64_t widest() const;
  /// Row stride of layer `l`'s effective weights.
  int64_t stride(int64_t l) const { return row_stride(sizes[l + 1]); }
  /// Numbers in a block of effective weights.
  int64_t effective_count() const;
  /// Numbers in a block of parameters.
  int64_t parameter_count() const;
};

/// The shape of a value network: tanh layers and one linear output.
MlpShape value_shape(int64_t inputs, const std::vector<int64_t>& hidden);

}  // namespace reverie
