// The linear feature baseline: a value function fitted by ridge regression.
#pragma once

#include <reverie/data/transitions.h>

namespace reverie {

/// V(s, t) = w . phi(s, t), with one w per task, with the features of Duan et al. ("Benchmarking
/// deep reinforcement learning for continuous control", 2016): phi = [o, o^2, t/100, (t/100)^2,
/// (t/100)^3, 1], o clipped to ±10. Fitted to discounted returns by the normal equations in double
/// precision; where these have no solution, the regularisation is raised tenfold, up to five times.
class LinearFeatureBaseline {
 public:
  explicit LinearFeatureBaseline(double regularisation = 1e-5) : regularisation_(regularisation) {}

  /// Fits each task to its own `counted` steps. `returns` is [tasks, rows, horizon]. Throws
  /// NonFiniteError where an observation or a return is not finite.
  void fit(const Rollouts& rollouts, const Tensor& returns);

  /// The same for a value that continues where an episode is truncated. `returns` are the
  /// discounted rewards up to there; V(s_t) is fitted to returns + gamma^k V(s_{t+k}), with s_{t+k}
  /// the state in which a truncated episode is left and the same V on both sides. As V is linear,
  /// this is one system of equations (least-squares temporal differences with lambda = 1, Boyan,
  /// "Technical update: least-squares temporal difference learning", 2002). The time features are
  /// left out: beyond the limit time means nothing, and with them c gamma^-t would fit equally well
  /// for any c. Where the root mean square of the values exceeds twice the return of always
  /// receiving the reward of largest magnitude, the system is too close to singular, and the
  /// regularisation is raised as above, up to 15 times. Needs `next_observation` and a discount
  /// below 1.
  void fit_beyond(const Rollouts& rollouts, const Tensor& returns, double discount);

  /// Values [tasks, …] at `observation` [tasks, …, o] and `time` [tasks, …]. The number of tasks
  /// must match the fit; before the first fit values are 0.
  Tensor predict(const Tensor& observation, const Tensor& time) const;

  const Tensor& weights() const { return weights_; }  ///< [tasks, 2 o + 4] float64

 private:
  double regularisation_;
  Tensor weights_;
};

}  // namespace reverie
