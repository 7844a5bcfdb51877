// What a fit of the dynamics model cares about.
#pragma once

#include <reverie/models/dynamics_model.h>

#include <functional>

namespace reverie {

class Archive;
class GaussianPolicy;

/// What a fit is about, for an objective to look at.
struct FitContext {
  const Transitions& data;
  const DynamicsModel& model;              ///< With the statistics of the data.
  const GaussianPolicy* policy = nullptr;  ///< Of the agent, where it has one.
};

/// What m members say of a step, each of rows of its own.
struct ModelStep {
  Prediction prediction;  ///< [m, n, d]
  Tensor next;            ///< [m, n, o]: where they mean to be then.
};
/// Asks the members for a step from observations [m, n, o] under actions [m, n, a], as they stand
/// in the middle of a fit: differentiable in their weights and in the observations.
using StepModel = std::function<ModelStep(const Tensor& observation, const Tensor& action)>;

/// The loss that a fit minimises. One objective serves any model and agent.
class Objective {
 public:
  virtual ~Objective() = default;

  /// Called once before each fit, e.g. to weigh the transitions.
  virtual void prepare(const FitContext&) {}

  /// What it keeps from fit to fit.
  virtual void serialize(Archive&) {}

  /// The mean loss (a scalar) of one member's predictions for a minibatch, differentiable in the
  /// prediction. `target` is [n, d], normalised; `index` [n] int64 says which rows of the fit's
  /// data these are. Called from several threads at once.
  virtual Tensor loss(const Prediction& prediction, const Tensor& target,
                      const Tensor& index) const = 0;

  /// The loss of a deterministic head's `mean`; its gradient goes to `gradient`. Both, and
  /// `target`, are [n, d], float32 on the CPU, contiguous. The same as differentiating `loss`,
  /// which it does where an objective does not override it: a closed form spares small minibatches
  /// torch's bookkeeping (docs/speed.md).
  virtual double loss_and_gradient(const Tensor& mean, const Tensor& target, const Tensor& index,
                                   Tensor& gradient) const;

  // The same of m members side by side, each with its own minibatch: predictions and `target`
  // [m, n, d], `index` [m, n], on any device. A fit by torch captures it in a CUDA graph where
  // asked to: overrides do not wait for the device.

  /// The members' losses [m]. The default asks `loss` m times.
  virtual Tensor losses(const Prediction& prediction, const Tensor& target,
                        const Tensor& index) const;
  /// The losses of a deterministic head's `mean`; each one's gradient goes to `gradient`. The
  /// default differentiates `losses`.
  virtual Tensor losses_and_gradient(const Tensor& mean, const Tensor& target, const Tensor& index,
                                     Tensor& gradient) const;

  /// Steps of the model that the loss looks at, each from where the last one led. Where they are
  /// more than one a fit asks `walk_losses` and none of the others: by torch's autograd on any
  /// device, in f32.
  virtual int64_t steps() const { return 1; }
  /// The members' losses [m] for minibatches that begin at the rows `index` [m, n] of the fit's
  /// data; differentiable in whatever `step` is.
  virtual Tensor walk_losses(const StepModel& step, const Tensor& index) const;
};

}  // namespace reverie
