#include <reverie/nn/kernels/gaussian_head.h>

#include <reverie/core/elementary.h>

namespace reverie::kernels {

// The soft bounds are v = high - softplus(high - v), then v = low + softplus(v - low). Of the
// variance exp(v) they make 1 / (exp(-high) + exp(-v)), then exp(low) + exp(v): no logarithm left.
void sample_gaussian_head(const float* raw, const float* bounds, const float* noise, int64_t rows,
                          int64_t d, float* out) {
  const float* low = bounds;
  const float* high = bounds + d;
  for (int64_t row = 0; row < rows; ++row) {
    const float* mean = raw + row * 2 * d;
    const float* log_variance = mean + d;
    for (int64_t j = 0; j < d; ++j) {
      const float inverse = fast_exp(-high[j]) + fast_exp(-log_variance[j]);
      const float variance = fast_exp(low[j]) + 1.0f / inverse;
      out[row * d + j] = mean[j] + std::sqrt(variance) * noise[row * d + j];
    }
  }
}

}  // namespace reverie::kernels
