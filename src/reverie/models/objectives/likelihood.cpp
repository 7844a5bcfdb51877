#include <reverie/models/objectives/likelihood.h>

#include <reverie/nn/kernels/mixture_loss.h>

namespace reverie {

Tensor likelihood_terms(const Prediction& prediction, const Tensor& target) {
  if (prediction.components.defined())
    return negative_log_likelihood(prediction.components, target);
  const auto square = (prediction.mean - target).square();
  if (!prediction.log_variance.defined()) return square;
  return square * torch::exp(-prediction.log_variance) + prediction.log_variance;
}

Tensor variance_loss(const Prediction& prediction, const Tensor& target) {
  if (!prediction.log_variance.defined()) return torch::zeros({}, target.options());
  return likelihood_terms({prediction.mean.detach(), prediction.log_variance}, target)
      .mean({-2, -1});
}

Tensor Likelihood::loss(const Prediction& prediction, const Tensor& target,
                        const Tensor& /*index*/) const {
  return likelihood_terms(prediction, target).mean();
}

Tensor Likelihood::losses(const Prediction& prediction, const Tensor& target,
                          const Tensor& /*index*/) const {
  return likelihood_terms(prediction, target).mean({1, 2});
}

Tensor Likelihood::losses_and_gradient(const Tensor& mean, const Tensor& target,
                                       const Tensor& /*index*/, Tensor& gradient) const {
  torch::sub_out(gradient, mean, target);
  const auto values = gradient.square().mean({1, 2});
  gradient.mul_(2.0 / static_cast<double>(mean.size(1) * mean.size(2)));
  return values;
}

double Likelihood::head_loss_and_gradient(const HeadShape& head, const Tensor& raw,
                                          const Tensor& bounds, const Tensor& target,
                                          const Tensor& index, Tensor& gradient,
                                          Tensor* bounds_gradient) const {
  if (head.head != Head::mixture)
    return Objective::head_loss_and_gradient(head, raw, bounds, target, index, gradient,
                                             bounds_gradient);
  const kernels::MixtureHead mixture{head.targets, head.components, bounds.item<float>()};
  kernels::MixtureLoss loss(mixture, head.end);
  const auto value = loss(raw.data_ptr<float>(), target.data_ptr<float>(), raw.size(0),
                          gradient.data_ptr<float>());
  if (bounds_gradient != nullptr) bounds_gradient->fill_(value.floor_gradient);
  return value.loss;
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
