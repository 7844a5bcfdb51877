#include <reverie/models/objectives/weighted_likelihood.h>

namespace reverie {

std::vector<std::string> setting_names(Weigh) {
  return {"sampling", "loss"};
}

void WeightedLikelihood::set_weights(const Tensor& weights) {
  weights_ = Tensor();
  if (!weights.defined()) return;
  require_finite(weights, "the weights of the transitions");
  const Tensor mean = weights.mean();
  if (mean.item<double>() > 0) weights_ = weights / mean;
}

Tensor WeightedLikelihood::loss(const Prediction& prediction, const Tensor& target,
                                const Tensor& index) const {
  if (!weighs_the_loss()) return Likelihood::loss(prediction, target, index);
  return losses(prediction, target, index);
}

Tensor WeightedLikelihood::losses(const Prediction& prediction, const Tensor& target,
                                  const Tensor& index) const {
  if (!weighs_the_loss()) return Likelihood::losses(prediction, target, index);
  const Tensor row_losses = likelihood_terms(prediction, target).mean(-1);
  const Tensor weight = weights_.index_select(0, index.flatten()).view_as(index);
  return (weight * row_losses).mean(-1);
}

double WeightedLikelihood::loss_and_gradient(const Tensor& mean, const Tensor& target,
                                             const Tensor& index, Tensor& gradient) const {
  return weighs_the_loss() ? Objective::loss_and_gradient(mean, target, index, gradient)
                           : Likelihood::loss_and_gradient(mean, target, index, gradient);
}

double WeightedLikelihood::head_loss_and_gradient(const HeadShape& head, const Tensor& raw,
                                                  const Tensor& bounds, const Tensor& target,
                                                  const Tensor& index, Tensor& gradient,
                                                  Tensor* bounds_gradient) const {
  if (weighs_the_loss())
    return Objective::head_loss_and_gradient(head, raw, bounds, target, index, gradient,
                                             bounds_gradient);
  return Likelihood::head_loss_and_gradient(head, raw, bounds, target, index, gradient,
                                            bounds_gradient);
}

Tensor WeightedLikelihood::losses_and_gradient(const Tensor& mean, const Tensor& target,
                                               const Tensor& index, Tensor& gradient) const {
  return weighs_the_loss() ? Objective::losses_and_gradient(mean, target, index, gradient)
                           : Likelihood::losses_and_gradient(mean, target, index, gradient);
}

}  // namespace reverie
