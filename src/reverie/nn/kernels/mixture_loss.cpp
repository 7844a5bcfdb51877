#include <reverie/nn/kernels/mixture_loss.h>

#include <reverie/core/elementary.h>

#include <algorithm>

namespace reverie::kernels {
namespace {

constexpr double kHalfLogTwoPi = 0.91893853320467274;

/// softplus(x) and its derivative, both with a small relative error, however small they are.
struct Softplus {
  float value, slope;
};
Softplus softplus(float x) {
  const float small = fast_exp(x < 0 ? x : -x), whole = 1.0f + small, inverse = 1.0f / whole;
  // log(1 + small): what is lost of `small` in the sum is made good by a factor.
  const float rest = whole - 1.0f;
  const float log = rest > 0 ? fast_log(whole) * (small / rest) : small;
  return {(x > 0 ? x : 0.0f) + log, x < 0 ? small * inverse : inverse};
}

}  // namespace

MixtureLoss::MixtureLoss(const MixtureHead& head, int64_t end)
    : head_(head),
      end_(end),
      error_(static_cast<size_t>(head.d * head.components)),
      inverse_(error_.size()),
      slope_(error_.size()),
      weight_(error_.size()),
      joint_(error_.size()) {}

MixtureLoss::Value MixtureLoss::operator()(const float* raw, const float* target, int64_t rows,
                                           float* gradient) {
  const int64_t width = 3 * head_.d * head_.components;
  const double count = static_cast<double>(rows * head_.d);
  Value value{0, 0};
  for (int64_t row = 0; row < rows; ++row) {
    weigh_row(raw + row * width, target + row * head_.d);
    value.loss += settle_row();
    value.floor_gradient +=
        differentiate_row(static_cast<float>(1.0 / count), gradient + row * width);
  }
  value.loss /= count;
  value.floor_gradient *= static_cast<double>(softplus(head_.floor).slope);
  return value;
}

/// Errors, variances, and the logarithms of weights and joint densities up to their mixture's
/// constants.
void MixtureLoss::weigh_row(const float* raw, const float* target) {
  const int64_t components = head_.components, part = head_.d * components;
  const float least = softplus(head_.floor).value;
  float* error = error_.data();
  for (int64_t j = 0; j < head_.d; ++j)
    for (int64_t c = 0; c < components; ++c)
      error[j * components + c] = raw[j * components + c] - target[j];
  float *inverse = inverse_.data(), *slope = slope_.data(), *weight = weight_.data(),
        *joint = joint_.data();
  for (int64_t i = 0; i < part; ++i) {
    const Softplus spread = softplus(raw[part + i]);
    const float variance = spread.value + least;
    inverse[i] = 1.0f / variance;
    slope[i] = spread.slope;
    weight[i] = raw[2 * part + i];
    joint[i] = weight[i] - 0.5f * (error[i] * error[i] * inverse[i] + fast_log(variance));
  }
}

/// Brings weights and responsibilities to a sum of 1; returns the row's loss.
double MixtureLoss::settle_row() {
  const int64_t components = head_.components, part = head_.d * components;
  float *weight = weight_.data(), *joint = joint_.data();
  double loss = 0;
  for (int64_t j = 0; j < head_.d; ++j) {
    float* const logit = weight + j * components;
    float* const density = joint + j * components;
    const float most = *std::max_element(logit, logit + components);
    const float densest = *std::max_element(density, density + components);
    for (int64_t c = 0; c < components; ++c) {
      logit[c] -= most;
      density[c] -= densest;
    }
    if (j != end_) loss += static_cast<double>(most - densest);
  }
  for (int64_t i = 0; i < part; ++i) {
    weight[i] = fast_exp(weight[i]);
    joint[i] = fast_exp(joint[i]);
  }
  for (int64_t j = 0; j < head_.d; ++j) {
    float weights = 0, joints = 0;
    for (int64_t c = 0; c < components; ++c) {
      weights += weight[j * components + c];
      joints += joint[j * components + c];
    }
    for (int64_t c = 0; c < components; ++c) {
      weight[j * components + c] /= weights;
      joint[j * components + c] /= joints;
    }
    const float error = error_[static_cast<size_t>(j * components)];
    loss += kHalfLogTwoPi + (j == end_ ? 0.5 * static_cast<double>(error * error)
                                       : std::log(static_cast<double>(weights / joints)));
  }
  return loss;
}

/// Returns the sum of the gradients by the variances.
double MixtureLoss::differentiate_row(float scale, float* gradient) const {
  const int64_t components = head_.components, part = head_.d * components;
  const float *error = error_.data(), *inverse = inverse_.data(), *slope = slope_.data(),
              *weight = weight_.data(), *joint = joint_.data();
  for (int64_t i = 0; i < part; ++i) {
    const float pull = scale * joint[i] * inverse[i];
    gradient[i] = pull * error[i];
    gradient[part + i] = 0.5f * pull * (1.0f - error[i] * error[i] * inverse[i]);
    gradient[2 * part + i] = scale * (weight[i] - joint[i]);
  }
  if (end_ >= 0) {
    for (int64_t which = 0; which < 3; ++which)
      std::fill_n(gradient + which * part + end_ * components, components, 0.0f);
    gradient[end_ * components] = scale * error[end_ * components];
  }
  float by_variance = 0;
  for (int64_t i = 0; i < part; ++i) {
    by_variance += gradient[part + i];
    gradient[part + i] *= slope[i];
  }
  return static_cast<double>(by_variance);
}

}  // namespace reverie::kernels
