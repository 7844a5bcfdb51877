#include <reverie/models/objectives/likelihood.h>

namespace reverie {
namespace {

/// The loss of each number, whose mean over rows and dimensions is a member's.
Tensor terms(const Prediction& prediction, const Tensor& target) {
  const auto square = (prediction.mean - target).square();
  if (!prediction.log_variance.defined()) return square;
  return square * torch::exp(-prediction.log_variance) + prediction.log_variance;
}

}  // namespace

Tensor Likelihood::loss(const Prediction& prediction, const Tensor& target,
                        const Tensor& /*index*/) const {
  return terms(prediction, target).mean();
}

Tensor Likelihood::losses(const Prediction& prediction, const Tensor& target,
                          const Tensor& /*index*/) const {
  return terms(prediction, target).mean({1, 2});
}

Tensor Likelihood::losses_and_gradient(const Tensor& mean, const Tensor& target,
                                       const Tensor& /*index*/, Tensor& gradient) const {
  torch::sub_out(gradient, mean, target);
  const auto values = gradient.square().mean({1, 2});
  gradient.mul_(2.0 / static_cast<double>(mean.size(1) * mean.size(2)));
  return values;
}

double Likelihood::loss_and_gradient(const Tensor& mean, const Tensor& target,
                                     const Tensor& /*index*/, Tensor& gradient) const {
  const int64_t count = mean.numel();
  TORCH_CHECK(target.numel() == count && gradient.numel() == count, "a loss of unequal sizes");
  const float* m = mean.data_ptr<float>();
  const float* y = target.data_ptr<float>();
  float* g = gradient.data_ptr<float>();
  const float scale = 2.0f / static_cast<float>(count);
  double total = 0;
  for (int64_t i = 0; i < count; ++i) {
    const float error = m[i] - y[i];
    g[i] = scale * error;
    total += static_cast<double>(error * error);
  }
  return total / static_cast<double>(count);
}

}  // namespace reverie
