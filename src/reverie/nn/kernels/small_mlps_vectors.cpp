// By vectors of 8 numbers. Compiled for AVX-512: small_mlps_tiles.cpp.
#include <reverie/nn/kernels/tiles.h>

#ifndef REVERIE_TILES

#include <reverie/core/elementary.h>
#include <reverie/nn/kernels/small_mlps.h>

#include <algorithm>
#include <cstring>

namespace reverie::kernels {
namespace {

using Vector = float __attribute__((vector_size(32)));

inline Vector load(const float* from) {
  Vector vector;
  std::memcpy(&vector, from, sizeof vector);
  return vector;
}

/// y = x W + b for `rows` rows and 16 columns; the sums never leave the registers.
template <int rows>
void tile(const float* x, int64_t x_stride, int64_t in, const float* weight, int64_t out_stride,
          float* y) {
  Vector sum[rows][2];
  const float* bias = weight + in * out_stride;
  for (int r = 0; r < rows; ++r) sum[r][0] = load(bias), sum[r][1] = load(bias + 8);
  for (int64_t i = 0; i < in; ++i) {
    const Vector left = load(weight + i * out_stride), right = load(weight + i * out_stride + 8);
    for (int r = 0; r < rows; ++r) {
      const float value = x[r * x_stride + i];
      sum[r][0] += value * left;
      sum[r][1] += value * right;
    }
  }
  for (int r = 0; r < rows; ++r) std::memcpy(y + r * out_stride, sum[r], sizeof sum[r]);
}

}  // namespace

template <int rows>
void SmallMlps::forward_rows(const float* weights, const float* input, float* output) {
  int64_t stride = sizes_.front();
  for (size_t l = 1; l < sizes_.size(); ++l) {
    const int64_t in = sizes_[l - 1], out = padded(sizes_[l]);
    float* to = hidden_[l % 2].data();
    for (int64_t j = 0; j < out; j += kColumns)
      tile<rows>(input, stride, in, weights + j, out, to + j);
    if (l + 1 < sizes_.size())
      for (int64_t k = 0; k < rows * out; ++k) to[k] = fast_tanh(to[k]);
    weights += (in + 1) * out;
    input = to;
    stride = out;
  }
  for (int64_t r = 0; r < rows; ++r)
    std::copy_n(input + r * stride, sizes_.back(), output + r * sizes_.back());
}

void SmallMlps::forward(int64_t index, const float* input, int64_t rows, float* output) {
  const float* weights = weights_.data() + index * set_size_;
  int64_t row = 0;
  for (; row + kTileRows <= rows; row += kTileRows)
    forward_rows<kTileRows>(weights, input + row * sizes_.front(), output + row * sizes_.back());
  for (; row + 2 <= rows; row += 2)
    forward_rows<2>(weights, input + row * sizes_.front(), output + row * sizes_.back());
  for (; row < rows; ++row)
    forward_rows<1>(weights, input + row * sizes_.front(), output + row * sizes_.back());
}

}  // namespace reverie::kernels

#endif
