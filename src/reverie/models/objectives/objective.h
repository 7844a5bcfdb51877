// What a fit of the dynamics model cares about.
#pragma once

#include <reverie/models/dynamics_model.h>

namespace reverie {

/// The loss that a fit minimises. One objective serves any model and agent.
class Objective {
 public:
  virtual ~Objective() = default;

  /// Called once before a fit on `data`, e.g. to weigh the transitions.
  virtual void prepare(const Transitions& /*data*/) {}

  /// The mean loss (a scalar) of one member's predictions for a minibatch, differentiable in the
  /// prediction. `target` is [n, d], normalised; `index` [n] int64 says which rows of the fit's
  /// data these are. Called from several threads at once.
  virtual Tensor loss(const Prediction& prediction, const Tensor& target,
                      const Tensor& index) const = 0;

  /// The loss of a deterministic head's `mean`, float32 on the CPU; its gradient goes to `gradient`
  /// [n, d]. The same as differentiating `loss`, which is what it does where an objective has no
  /// closed form: with minibatches of 32 rows torch's bookkeeping was a quarter of a fit.
  virtual double loss_and_gradient(const Tensor& mean, const Tensor& target, const Tensor& index,
                                   Tensor& gradient) const;
};

}  // namespace reverie
