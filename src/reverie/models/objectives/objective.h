// The loss that a fit of the dynamics model minimises.
#pragma once

#include <reverie/models/dynamics_model.h>

#include <functional>

namespace reverie {

class Archive;
class Critic;
class Monitor;
class Policy;

/// What an objective sees of a fit.
struct FitContext {
  const Transitions& data;
  const DynamicsModel& model;  ///< With its statistics set from `data`.
  Monitor& monitor;
  const Policy* policy = nullptr;  ///< The agent's, if it has one.
  const Critic* critic = nullptr;  ///< Likewise.
  int64_t fresh = 0;               ///< How many of the newest rows no fit has seen yet.
};

/// A step predicted by m members, each for its own rows.
struct ModelStep {
  Prediction prediction;  ///< [m, n, d]
  Tensor next;            ///< [m, n, o]: the mean next observations.
};
/// Predicts a step from observations [m, n, o] under actions [m, n, a] with the members' current
/// weights during a fit: differentiable in the weights and the observations.
using StepModel = std::function<ModelStep(const Tensor& observation, const Tensor& action)>;

/// Returns the gradients of a scalar `loss` by `leaves`, which are zero for those that it does not
/// depend on, such as a variance's bounds where an objective looks at means alone.
std::vector<Tensor> gradients_of(const Tensor& loss, const std::vector<Tensor>& leaves);

/// The loss that a fit minimises. One objective serves any model and agent.
class Objective {
 public:
  virtual ~Objective() = default;

  /// Called once before each fit, e.g. to weigh the transitions. What the context refers to lives
  /// until the fit ends. Throws UsageError where the objective needs what the context lacks.
  virtual void prepare(const FitContext&) {}

  /// The probabilities, up to a factor, with which a fit draws its rows, training and holdout ones
  /// alike: [n], after `prepare`; undefined: each row once an epoch.
  virtual Tensor sampling() const { return {}; }
  /// Likewise those with which imagined rollouts should start at the data's states. They are asked
  /// for between fits: where they differ from `sampling`, they are state.
  virtual Tensor start_weights() const { return sampling(); }

  /// State kept between fits.
  virtual void serialize(Archive&) {}

  /// The mean loss (a scalar) of one member's predictions for a minibatch, differentiable in the
  /// prediction. `target` is [n, d], normalised; `index` [n] int64 says which rows of the fit's
  /// data these are. Called from several threads at once.
  virtual Tensor loss(const Prediction& prediction, const Tensor& target,
                      const Tensor& index) const = 0;

  /// Returns the loss of a deterministic head's `mean` and writes its gradient to `gradient`. Both
  /// tensors and `target` are [n, d], float32 on the CPU, contiguous. Must equal differentiating
  /// `loss`, which the default does; a closed form spares small minibatches torch's bookkeeping
  /// (docs/speed.md).
  virtual double loss_and_gradient(const Tensor& mean, const Tensor& target, const Tensor& index,
                                   Tensor& gradient) const;

  /// Returns the loss of one member's raw outputs [n, …] of a head with `bounds`; writes its
  /// gradient by the outputs to `gradient`, and that by the bounds to `bounds_gradient`, unless it
  /// is null. All are float32 on the CPU, contiguous. Must equal differentiating `loss` of the
  /// head's prediction, which the default does.
  virtual double head_loss_and_gradient(const HeadShape& head, const Tensor& raw,
                                        const Tensor& bounds, const Tensor& target,
                                        const Tensor& index, Tensor& gradient,
                                        Tensor* bounds_gradient) const;

  // The same for m members in parallel, each with its own minibatch: predictions and `target` [m,
  // n, d], `index` [m, n], on any device. A torch fit may capture these in a CUDA graph, so
  // overrides must not wait for the device.

  /// Returns the members' losses [m]. The default calls `loss` m times.
  virtual Tensor losses(const Prediction& prediction, const Tensor& target,
                        const Tensor& index) const;
  /// Returns the losses of a deterministic head's `mean` and writes their gradients to `gradient`.
  /// The default differentiates `losses`.
  virtual Tensor losses_and_gradient(const Tensor& mean, const Tensor& target, const Tensor& index,
                                     Tensor& gradient) const;

  /// Number of model steps in the loss, each from the previous prediction. If more than one, a fit
  /// calls only `walk_losses`, with torch's autograd on any device, in f32.
  virtual int64_t steps() const { return 1; }
  /// Returns the members' losses [m] for minibatches that start at rows `index` [m, n] of the fit's
  /// data; differentiable in whatever `step` is.
  virtual Tensor walk_losses(const StepModel& step, const Tensor& index) const;
};

}  // namespace reverie
