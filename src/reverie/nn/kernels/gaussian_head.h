// Sampling from a network's Gaussian output.
#pragma once

#include <cstdint>

namespace reverie::kernels {

/// out [rows, d] = mean + deviation * noise [rows, d] for raw outputs [rows, 2 d] of mean and
/// log-variance, the latter within soft `bounds` [2, d] (min, max) as in Chua et al. (2018,
/// appendix A.1). The torch counterpart is `DynamicsModel::head`.
void sample_gaussian_head(const float* raw, const float* bounds, const float* noise, int64_t rows,
                          int64_t d, float* out);

}  // namespace reverie::kernels
