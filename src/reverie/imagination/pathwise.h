// Gradient of the imagined return by backpropagation through model, reward and policy.
#pragma once

#include <reverie/core/settings.h>
#include <reverie/imagination/imagine.h>

namespace reverie {

struct PathwiseOptions {
  int64_t horizon = 100;
  double discount = 1.0;
  Mode mode = Mode::exploit;  ///< Explore: through mean + std * noise, the noise held fixed.
  /// Backpropagation is cut at every multiple of this many steps from the start; 0, or at least the
  /// horizon: nowhere.
  int64_t truncation = 0;
  double memory = 1.0;  ///< GiB for activations; beyond that they are recomputed.
};

/// Settings of the options, but for the horizon, which is the imagination's.
struct PathwiseConfig {
  bool stochastic = false;
  double discount = 1.0;
  int64_t truncation = 0;
  double memory = 1.0;

  void describe(Settings& settings);
  PathwiseOptions options() const;
};

/// A mean return and its gradient.
struct PathwiseGradient {
  double value = 0;           ///< The return that is differentiated.
  double undiscounted = 0;    ///< The same return without a discount.
  Tensor gradient;            ///< [p]
  double episode_length = 0;  ///< Mean steps until an end, or the horizon.
};

/// Returns d/dtheta of the mean over members and rows of sum_t discount^t r(s_t, a_t, s_{t+1}),
/// where every member advances its own copies of all rows of `starts` [n, o] and a_t comes from the
/// policy with `parameters` [p] (Kurutach et al. 2018, section 5.2, "BPTT"; members don't mix, as
/// in thanard/me-trpo, build_policy_graph). Rewards after an end don't count. A state dimension
/// that the model clips passes no gradient. The mean of the model's distribution is used. A learned
/// reward is the model's. The horizon is split into segments that fit in memory, keeping the states
/// at their borders, and differentiated from the last to the first. Blocks of rows run on the
/// worker threads; the result does not depend on the number of threads. Throws NonFiniteError for a
/// gradient that is not finite.
PathwiseGradient pathwise_gradient(const Task& task, const DynamicsModel& model,
                                   const Policy& policy, const Tensor& parameters,
                                   const Tensor& starts, const PathwiseOptions& options,
                                   const RandomStream& random);

}  // namespace reverie
