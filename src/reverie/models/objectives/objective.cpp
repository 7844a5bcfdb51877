#include <reverie/models/objectives/objective.h>

#include <stdexcept>

namespace reverie {

std::vector<Tensor> gradients_of(const Tensor& loss, const std::vector<Tensor>& leaves) {
  auto gradients = torch::autograd::grad({loss}, leaves, /*grad_outputs=*/{},
                                         /*retain_graph=*/c10::nullopt, /*create_graph=*/false,
                                         /*allow_unused=*/true);
  for (size_t i = 0; i < leaves.size(); ++i)
    if (!gradients[i].defined()) gradients[i] = torch::zeros_like(leaves[i]);
  return gradients;
}

double Objective::loss_and_gradient(const Tensor& mean, const Tensor& target, const Tensor& index,
                                    Tensor& gradient) const {
  const torch::AutoGradMode mode(true);
  const auto leaf = mean.detach().requires_grad_();
  const auto value = loss({leaf, {}}, target, index);
  gradient.copy_(torch::autograd::grad({value}, {leaf})[0]);
  return value.item<double>();
}

double Objective::head_loss_and_gradient(const HeadShape& head, const Tensor& raw,
                                         const Tensor& bounds, const Tensor& target,
                                         const Tensor& index, Tensor& gradient,
                                         Tensor* bounds_gradient) const {
  const torch::AutoGradMode mode(true);
  std::vector<Tensor> leaves{raw.detach().requires_grad_()};
  if (bounds_gradient != nullptr) leaves.push_back(bounds.detach().requires_grad_());
  const auto value =
      loss(head.split(leaves[0], leaves.size() > 1 ? leaves[1] : bounds), target, index);
  const auto gradients = gradients_of(value, leaves);
  gradient.copy_(gradients[0]);
  if (bounds_gradient != nullptr) bounds_gradient->copy_(gradients[1]);
  return value.item<double>();
}

Tensor Objective::losses(const Prediction& prediction, const Tensor& target,
                         const Tensor& index) const {
  std::vector<Tensor> each;
  for (int64_t i = 0; i < target.size(0); ++i)
    each.push_back(loss(prediction.member(i), target[i], index[i]));
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
