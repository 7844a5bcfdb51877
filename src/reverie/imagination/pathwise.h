// The gradient of the imagined return by backpropagation through model, reward and policy.
#pragma once

#include <reverie/imagination/imagine.h>

namespace reverie {

struct PathwiseOptions {
  int64_t horizon = 100;
  double discount = 1.0;
  Mode mode = Mode::exploit;  ///< Explore: through mean + std * noise, the noise held fixed.
  /// Gradients are cut at every so many steps from the start (flow back through fewer than that
  /// from in between); 0, or the horizon and more: nowhere.
  int64_t truncation = 0;
  double memory = 1.0;  ///< GiB that activations may take; beyond, they are computed again.
};

/// A mean return and its gradient.
struct PathwiseGradient {
  double value = 0;           ///< What the gradient is of.
  double undiscounted = 0;    ///< The same return without a discount.
  Tensor gradient;            ///< [p]
  double episode_length = 0;  ///< Mean steps until an end, or the horizon.
};

/// d/dtheta of the mean over members and rows of sum_t discount^t r(s_t, a_t, s_{t+1}), where every
/// member moves copies of all rows of `starts` [n, o] and a_t is the policy's with `parameters` [p]
/// (Kurutach et al. 2018, section 5.2, "BPTT"; as coded, thanard/me-trpo, build_policy_graph:
/// members don't mix). Rewards after an end don't count. A state that the model clips passes no
/// gradient on in that dimension. The model's distribution counts by its mean. Where the reward is
/// learned it is the model's. The horizon is walked in stretches that fit the memory, states at
/// their borders being kept, and differentiated from the last to the first. Blocks of rows run on
/// the worker threads; the numbers do not depend on how many. Throws NonFiniteError for a gradient
/// that is not finite.
PathwiseGradient pathwise_gradient(const Task& task, const DynamicsModel& model,
                                   const GaussianPolicy& policy, const Tensor& parameters,
                                   const Tensor& starts, const PathwiseOptions& options,
                                   const RandomStream& random);

}  // namespace reverie
