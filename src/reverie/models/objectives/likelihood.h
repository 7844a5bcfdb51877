// Maximum likelihood.
#pragma once

#include <reverie/models/objectives/objective.h>

namespace reverie {

/// The loss of each number: [..., n, d], for predictions of this shape. Its mean over rows and
/// dimensions is a member's.
Tensor likelihood_terms(const Prediction& prediction, const Tensor& target);

/// The mean of these over the last two dimensions with the predicted means held fixed, which trains
/// the variance alone; 0 for a head without one.
Tensor variance_loss(const Prediction& prediction, const Tensor& target);

/// Mean squared error for a deterministic head; for a Gaussian head, the negative log-likelihood
/// without its constant, (mu - y)^2 / sigma^2 + log sigma^2 (Chua et al. 2018, section 4, which
/// also omits the factor 1/2). For a mixture head, the negative log-likelihood, constants and all.
/// Means are over rows and dimensions.
class Likelihood : public Objective {
 public:
  Tensor loss(const Prediction& prediction, const Tensor& target,
              const Tensor& index) const override;
  double loss_and_gradient(const Tensor& mean, const Tensor& target, const Tensor& index,
                           Tensor& gradient) const override;
  /// A mixture's in closed form.
  double head_loss_and_gradient(const HeadShape& head, const Tensor& raw, const Tensor& bounds,
                                const Tensor& target, const Tensor& index, Tensor& gradient,
                                Tensor* bounds_gradient) const override;
  Tensor losses(const Prediction& prediction, const Tensor& target,
                const Tensor& index) const override;
  Tensor losses_and_gradient(const Tensor& mean, const Tensor& target, const Tensor& index,
                             Tensor& gradient) const override;
};

}  // namespace reverie
