#include <reverie/nn/kernels/mixture_head.h>

#include <reverie/core/elementary.h>

#include <algorithm>

namespace reverie::kernels {
namespace {

float softplus(float x) {
  return std::max(x, 0.0f) + std::log1p(std::exp(-std::abs(x)));
}

}  // namespace

void MixtureHead::sample(const float* raw, const float* normal, const float* uniform, int64_t rows,
                         float* out) const {
  const float least = softplus(floor);
  const int64_t part = d * components;
  for (int64_t row = 0; row < rows; ++row, raw += 3 * part)
    for (int64_t j = 0; j < d; ++j, ++normal, ++uniform, ++out) {
      const float* logit = raw + 2 * part + j * components;
      const float largest = *std::max_element(logit, logit + components);
      float total = 0;
      for (int64_t c = 0; c < components; ++c) total += fast_exp(logit[c] - largest);
      if (!std::isfinite(total)) {  // whatever a comparison would choose by it
        *out = total;
        continue;
      }
      float below = fast_exp(logit[0] - largest);
      int64_t chosen = 0;
      while (chosen + 1 < components && below < *uniform * total)
        below += fast_exp(logit[++chosen] - largest);
      const int64_t at = j * components + chosen;
      *out = raw[at] + std::sqrt(softplus(raw[part + at]) + least) * *normal;
    }
}

void MixtureHead::mean(const float* raw, int64_t rows, float* out) const {
  const int64_t part = d * components;
  for (int64_t row = 0; row < rows; ++row, raw += 3 * part)
    for (int64_t j = 0; j < d; ++j, ++out) {
      const float* mean = raw + j * components;
      const float* logit = mean + 2 * part;
      const float largest = *std::max_element(logit, logit + components);
      float total = 0, sum = 0;
      for (int64_t c = 0; c < components; ++c) {
        const float weight = fast_exp(logit[c] - largest);
        total += weight;
        sum += weight * mean[c];
      }
      *out = sum / total;
    }
}

}  // namespace reverie::kernels
