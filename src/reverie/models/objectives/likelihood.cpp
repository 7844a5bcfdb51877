#include <reverie/models/objectives/likelihood.h>

namespace reverie {

Tensor Likelihood::loss(const Prediction& prediction, const Tensor& target,
                        const Tensor& /*index*/) const {
  const auto square = (prediction.mean - target).pow(2);
  if (!prediction.log_variance.defined()) return square.mean();
  return (square * torch::exp(-prediction.log_variance) + prediction.log_variance).mean();
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
