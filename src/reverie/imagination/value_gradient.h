// Stochastic value gradients: the policy's gradient through reward, model and value along real
// transitions.
#pragma once

#include <reverie/data/stretches.h>
#include <reverie/envs/task.h>
#include <reverie/models/dynamics_model.h>
#include <reverie/policies/gaussian_policy.h>

#include <functional>

namespace reverie {

/// V(s): [n] at states [n, o], differentiable in them. Called from several threads at once.
using StateValue = std::function<Tensor(const Tensor&)>;

struct ValueGradientOptions {
  double discount = 0.99;
  /// Largest importance weight of a step; 0: no weights.
  double weight_clip = 5.0;
  /// Divides the objective, except for the penalty.
  double scale = 1.0;
  /// Subtracts this times the mean over states of KL(policy || before).
  double kl_penalty = 0.0;
};

/// The mean objective and its gradient.
struct ValueGradient {
  double value = 0;   ///< Without the penalty and the scale.
  double kl = 0;      ///< Mean KL(policy || before).
  double weight = 0;  ///< Mean importance weight of the steps.
  Tensor gradient;    ///< [p]
};

/// Returns d/dtheta, at theta = the policy's parameters, of the mean over stretches of
///
///     sum_t discount^t w_t r(s_t, a_t, s_{t+1}) + discount^h w_{h-1} V(s_h),
///     a_t = mu(s_t) + sigma eta_t,   s_{t+1} = f(s_t, a_t) + xi_t
///
/// along real stretches (Heess et al., "Learning continuous control policies by stochastic value
/// gradients", 2015, equations 7 to 10): eta and xi are inferred from the stored actions and
/// successors and held fixed, so that the states are exactly the real ones. Stretches of one step
/// give SVG(1), whole episodes SVG(infinity). h is a stretch's length; V counts where it stops
/// before the task ended it.
///
/// f is the mean of the members' mean predictions; a Gaussian model's variance passes no gradient,
/// nor does a dimension in which a prediction is clipped. A learned reward is the model's
/// prediction. w_t is the importance weight: the product up to t of the ratios of the policy's
/// density to the one that acted (log densities `acted` [h, n]), clipped; no gradient goes through
/// it (ibid., section 4.2). The penalty keeps the policy close to `before`.
///
/// Blocks of stretches run on the worker threads; the result does not depend on the number of
/// threads. Throws NonFiniteError for a gradient that is not finite.
ValueGradient value_gradient(const Task& task, const DynamicsModel& model, const StateValue& value,
                             const GaussianPolicy& policy, const Tensor& before,
                             const Stretches& real, const Tensor& acted,
                             const ValueGradientOptions& options);

}  // namespace reverie
