#include <reverie/models/objectives/objective.h>

namespace reverie {

double Objective::loss_and_gradient(const Tensor& mean, const Tensor& target, const Tensor& index,
                                    Tensor& gradient) const {
  const torch::AutoGradMode mode(true);
  const auto leaf = mean.detach().requires_grad_();
  const auto value = loss({leaf, {}}, target, index);
  gradient.copy_(torch::autograd::grad({value}, {leaf})[0]);
  return value.item<double>();
}

}  // namespace reverie
