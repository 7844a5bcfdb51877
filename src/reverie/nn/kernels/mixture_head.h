// Sampling from a network's mixture of Gaussians.
#pragma once

#include <cstdint>

namespace reverie::kernels {

/// A mixture of C Gaussians for each of d numbers. A row of raw outputs holds, [d, C] each, means,
/// variances before softplus, and logits; softplus(`floor`) is added to the variances. The torch
/// counterpart is `HeadShape::split`, with `drawn`.
struct MixtureHead {
  int64_t d, components;
  float floor;

  /// out [rows, d]: in each place the component that `uniform` [rows, d], from 0 to 1, chooses,
  /// plus its deviation times `normal` [rows, d].
  void sample(const float* raw, const float* normal, const float* uniform, int64_t rows,
              float* out) const;
  /// out [rows, d]: the mixtures' means.
  void mean(const float* raw, int64_t rows, float* out) const;
};

}  // namespace reverie::kernels
