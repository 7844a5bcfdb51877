// The squashed Gaussian policy: a normal draw, through tanh, in the task's range.
#pragma once

#include <reverie/policies/policy_network.h>

namespace reverie {

/// Haarnoja et al. (2018), "Soft actor-critic", appendix C: outputs are the means and the log
/// standard deviations, limited to kLowest..kHighest, of x; u = tanh(x).
class SquashedGaussianHead : public ActionHead {
 public:
  static constexpr float kLowest = -20, kHighest = 2;
  using ActionHead::ActionHead;

  int64_t outputs() const override { return 2 * action_size(); }
  void act(const float* output, int64_t rows, const float* noise, float* action,
           float* log_density) const override;
  void backward(const float* output, int64_t rows, const float* noise, const float* action_gradient,
                float log_density_gradient, float* output_gradient) const override;
  /// Densities are computed from x, and so stay exact where tanh saturates.
  Draw act(const Tensor& output, const Tensor& noise) const override;
  /// Returns log densities [...] of u at `action` [..., a]. An action at an end of the range counts
  /// as one a rounding error inside of it.
  Tensor log_density(const Tensor& output, const Tensor& action) const;
};

/// pi(a | s) = middle + half range * tanh(N(m(s), diag exp(2 l(s)))), m and l by one MLP.
class SquashedGaussianPolicy : public NetworkPolicy<StochasticPolicy> {
 public:
  SquashedGaussianPolicy(const TaskSpec& spec, const PolicyNetworkConfig& config,
                         RandomStream& random);

  const SquashedGaussianHead& head() const override { return head_; }

  /// Returns the actions that `noise` leads to and their log densities, from one pass: [n, a] and
  /// [n], or by groups. Differentiable.
  Draw draw(const Tensor& parameters, const Tensor& observation, const Tensor& noise) const;
  Tensor log_prob(const Tensor& parameters, const Tensor& observation,
                  const Tensor& action) const override;
  std::string torchscript(const TaskSpec& task) const override;

 private:
  SquashedGaussianHead head_;
};

}  // namespace reverie
