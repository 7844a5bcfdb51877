#include <reverie/models/objectives/objective.h>

#include <stdexcept>

namespace reverie {

double Objective::loss_and_gradient(const Tensor& mean, const Tensor& target, const Tensor& index,
                                    Tensor& gradient) const {
  const torch::AutoGradMode mode(true);
  const auto leaf = mean.detach().requires_grad_();
  const auto value = loss({leaf, {}}, target, index);
  gradient.copy_(torch::autograd::grad({value}, {leaf})[0]);
  return value.item<double>();
}

Tensor Objective::losses(const Prediction& prediction, const Tensor& target,
                         const Tensor& index) const {
  std::vector<Tensor> each;
  for (int64_t i = 0; i < target.size(0); ++i) {
    const Tensor& log_variance = prediction.log_variance;
    each.push_back(loss({prediction.mean[i], log_variance.defined() ? log_variance[i] : Tensor()},
                        target[i], index[i]));
  }
  return torch::stack(each);
}

Tensor Objective::losses_and_gradient(const Tensor& mean, const Tensor& target, const Tensor& index,
                                      Tensor& gradient) const {
  const torch::AutoGradMode mode(true);
  const auto leaf = mean.detach().requires_grad_();
  const auto values = losses({leaf, {}}, target, index);
  // Each member's loss depends on its own predictions alone.
  gradient.copy_(torch::autograd::grad({values.sum()}, {leaf})[0]);
  return values.detach();
}

Tensor Objective::walk_losses(const StepModel&, const Tensor&) const {
  throw std::logic_error("an objective of several steps without walk_losses");
}

}  // namespace reverie
