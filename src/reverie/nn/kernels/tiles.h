// Products of matrices with few columns, 512 bits at a time, with bias and activation applied
// before the sums leave the registers. Only where the program is compiled for AVX-512: other builds
// contain no such instructions and use oneDNN's products.
#pragma once

#ifdef __AVX512F__
#define REVERIE_TILES 1

#include <reverie/core/elementary.h>

#include <immintrin.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace reverie::kernels::tiles {

using Vector = __m512;
constexpr int64_t kLanes = 16;

/// The first `count` of 16 lanes.
inline __mmask16 first_lanes(int64_t count) {
  return static_cast<__mmask16>((1u << std::min(count, kLanes)) - 1u);
}
inline Vector load(const float* from, __mmask16 lanes) {
  return _mm512_maskz_loadu_ps(lanes, from);
}
/// Writes the first `count` lanes. A masked store costs AMD's Zen some 40 cycles.
inline void store(float* to, int64_t count, Vector value) {
  if (count >= kLanes) {
    std::memcpy(to, &value, sizeof value);
    return;
  }
  alignas(64) float lanes[kLanes];
  std::memcpy(lanes, &value, sizeof value);
  const float* from = lanes;
  const auto copy = [&]<int64_t width>(std::integral_constant<int64_t, width>) {
    if ((count & width) == 0) return;
    std::memcpy(to, from, width * sizeof(float));
    to += width, from += width;
  };
  copy(std::integral_constant<int64_t, 8>());
  copy(std::integral_constant<int64_t, 4>());
  copy(std::integral_constant<int64_t, 2>());
  copy(std::integral_constant<int64_t, 1>());
}

inline Vector all(float value) {
  return _mm512_set1_ps(value);
}

/// 1 / x by an estimate and a Newton step: within two units in the last place, in half the time of
/// a division.
inline Vector inverse(Vector x) {
  const Vector estimate = _mm512_maskz_rcp14_ps(0xffff, x);
  return estimate * (2.0f - x * estimate);
}

/// fast_tanh, lane by lane.
inline Vector tanh(Vector x) {
  return tanh_by_quotient(
      x, [](Vector dividend, Vector divisor) { return dividend * inverse(divisor); });
}

/// fast_exp, lane by lane.
inline Vector exp(Vector x) {
  using Words = uint32_t __attribute__((vector_size(64)));
  return exp_by_bits<Words>(x);
}

/// One product X W in a sum: X [rows, k] with row stride `x_row` and column stride `x_column`, W
/// [k, columns] with row stride `w_row`.
struct Factors {
  const float* x;
  int64_t x_row, x_column;
  const float* w;
  int64_t w_row;
  int64_t k;
};

/// Computes a tile of `rows` rows by `vectors` vectors of columns, the last holding `last` numbers.
template <int rows, int vectors, int terms, class Finish>
inline void tile(const Factors (&factors)[terms], const float* bias, int64_t row, int64_t column,
                 int64_t last, const Finish& finish) {
  constexpr __mmask16 every = 0xffff;
  const __mmask16 some = first_lanes(last);
  Vector sum[rows][vectors];
#pragma GCC unroll 16
  for (int v = 0; v < vectors; ++v) {
    const Vector start = bias == nullptr
                             ? Vector{}
                             : load(bias + column + v * kLanes, v + 1 == vectors ? some : every);
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) sum[r][v] = start;
  }
  for (const Factors& factor : factors) {
    const float* x = factor.x + row * factor.x_row;
    const float* w = factor.w + column;
    for (int64_t i = 0; i < factor.k; ++i, x += factor.x_column, w += factor.w_row) {
      Vector weight[vectors];
#pragma GCC unroll 16
      for (int v = 0; v < vectors; ++v)
        weight[v] = load(w + v * kLanes, v + 1 == vectors ? some : every);
#pragma GCC unroll 16
      for (int r = 0; r < rows; ++r) {
        const float value = x[r * factor.x_row];
#pragma GCC unroll 16
        for (int v = 0; v < vectors; ++v) sum[r][v] += value * weight[v];
      }
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 16
    for (int v = 0; v < vectors; ++v)
      finish(row + r, column + v * kLanes, v + 1 == vectors ? last : kLanes, sum[r][v]);
}

template <int vectors, int terms, class Finish>
inline void strip(int64_t rows, const Factors (&factors)[terms], const float* bias, int64_t column,
                  int64_t last, const Finish& finish) {
  // Ten rows by two vectors fill the registers; eight are nearly as good, and fewer stall on their
  // own sums.
  for (int64_t row = 0; row < rows;) {
    const int64_t left = rows - row;
    const auto run = [&]<int height>(std::integral_constant<int, height>) {
      tile<height, vectors>(factors, bias, row, column, last, finish);
      row += height;
    };
    if (left % 10 == 0)
      run(std::integral_constant<int, 10>());
    else if (left >= 8)
      run(std::integral_constant<int, 8>());
    else if (left >= 4)
      run(std::integral_constant<int, 4>());
    else if (left >= 2)
      run(std::integral_constant<int, 2>());
    else
      run(std::integral_constant<int, 1>());
  }
}

/// Computes the sum [rows, columns] of the products and the bias [columns] (null: 0), and calls
/// finish(row, column, count, sums) for each vector, whose first `count` lanes are in the matrix. A
/// row's result depends, to the bit, on that row alone.
template <int terms, class Finish>
inline void product(int64_t rows, int64_t columns, const Factors (&factors)[terms],
                    const float* bias, const Finish& finish) {
  int64_t column = 0;
  for (; columns - column > kLanes; column += 2 * kLanes)
    strip<2>(rows, factors, bias, column, std::min(kLanes, columns - column - kLanes), finish);
  if (column < columns) strip<1>(rows, factors, bias, column, columns - column, finish);
}

}  // namespace reverie::kernels::tiles
#endif
