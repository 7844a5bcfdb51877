// How a multilayer perceptron lies in a flat block of parameters.
#pragma once

#include <reverie/core/tensor.h>

#include <string>
#include <vector>

namespace reverie {

enum class Activation { relu, tanh, swish };
std::vector<std::string> setting_names(Activation);

/// Layer widths (input, hidden …, output) and the hidden activation; the output is linear. A
/// layer's weights [in, out] (row-major) and bias [out] follow each other in the flat block. With
/// weight normalisation (Salimans & Kingma 2016) a block of *parameters* holds directions V [in,
/// out], bias [out] and lengths g [out] a layer, and the *effective weights*, W = V g / |V| by
/// column, are laid out as without it.
struct MlpShape {
  std::vector<int64_t> sizes;
  Activation activation = Activation::relu;
  bool weight_normalisation = false;

  int64_t layers() const { return static_cast<int64_t>(sizes.size()) - 1; }
  int64_t input() const { return sizes.front(); }
  int64_t output() const { return sizes.back(); }
  int64_t widest() const;
  /// Numbers in a block of effective weights.
  int64_t effective_count() const;
  /// Numbers in a block of parameters.
  int64_t parameter_count() const;
};

}  // namespace reverie
