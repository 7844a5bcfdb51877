// The linear feature baseline: a value function fitted by ridge regression.
#pragma once

#include <reverie/data/transitions.h>

namespace reverie {

class Archive;

/// V(s, t) = w . phi(s, t), one w for each task, with the features of Duan et al. ("Benchmarking
/// deep reinforcement learning for continuous control", 2016): phi = [o, o^2, t/100, (t/100)^2,
/// (t/100)^3, 1], o clipped to ±10. Fitted to discounted returns by the normal equations in double
/// precision; where these have no solution, the regularisation grows tenfold, up to five times.
class LinearFeatureBaseline {
 public:
  explicit LinearFeatureBaseline(double regularisation = 1e-5) : regularisation_(regularisation) {}

  /// Fits every task to its own steps, those that are `counted`. `returns` is [tasks, rows,
  /// horizon]. Throws NonFiniteError where an observation or a return is not finite.
  void fit(const Rollouts& rollouts, const Tensor& returns);

  /// The same for a value that goes on where an episode is truncated, which `returns`, the sums of
  /// discounted rewards up to there, don't hold: V(s_t) is fitted to returns + gamma^k V(s_{t+k}),
  /// V in s_{t+k}, the state in which a truncated episode is left, being the same fit. As V is
  /// linear, that is one system of equations (least-squares temporal differences with lambda = 1,
  /// Boyan, "Technical update: least-squares temporal difference learning", 2002). The time is left
  /// out: beyond the limit it means nothing, and with it c gamma^-t would fit as well, for any c.
  /// Where its values are (as their root mean square) more than twice what rewards like the largest
  /// would sum up to, the system is too close to a singular one, and the regularisation grows as
  /// above, up to 15 times. Needs `next_observation`, and a discount below 1.
  void fit_beyond(const Rollouts& rollouts, const Tensor& returns, double discount);

  /// Values [tasks, …] at `observation` [tasks, …, o] and `time` [tasks, …]. The number of tasks
  /// must be that of the fit; before the first fit values are 0.
  Tensor predict(const Tensor& observation, const Tensor& time) const;

  const Tensor& weights() const { return weights_; }  ///< [tasks, 2 o + 4] float64

  void serialize(Archive& archive);

 private:
  double regularisation_;
  Tensor weights_;
};

}  // namespace reverie
