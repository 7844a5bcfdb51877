// The Gaussian policy: a tanh MLP for the mean, a state-independent log standard deviation.
#pragma once

#include <reverie/core/random.h>
#include <reverie/core/settings.h>
#include <reverie/policies/policy.h>

#include <string>
#include <utility>
#include <vector>

namespace reverie {

/// How a new policy's weights are drawn; biases are 0.
enum class WeightInit {
  xavier,  ///< Uniform, Glorot and Bengio (2010).
  normc,   ///< Normal, with the weights into each unit scaled to norm 1 (RLlib's).
};
std::vector<std::string> setting_names(WeightInit);

struct PolicyConfig {
  std::vector<int64_t> hidden = {32, 32};
  double init_std = 1.0;
  double min_std = 1e-6;
  double output_scale = 1.0;
  WeightInit init = WeightInit::xavier;
  bool normalise_observations = true;

  void describe(Settings& settings) {
    settings.add("hidden", hidden, "units of each hidden tanh layer", at_least(1));
    settings.add("init_std", init_std, "initial standard deviation of the actions",
                 between(1e-6, 100));
    settings.add("min_std", min_std, "floor of the standard deviation", between(0, 100));
    settings.add("output_scale", output_scale,
                 "factor of the last layer's initial weights; small: the first mean actions are "
                 "near 0",
                 between(0, 100));
    settings.add("init", init,
                 "initial weights: xavier draws them uniformly, normc normally and scales those "
                 "into each unit to a norm of 1");
    settings.add("normalise_observations", normalise_observations,
                 "whether the policy's input is normalised by the random steps' statistics");
  }
};

/// The parameters of diagonal Gaussians. `log_std` broadcasts against `mean`.
struct Gaussian {
  Tensor mean;     ///< [n, a] or [tasks, n, a]
  Tensor log_std;  ///< [a] or [tasks, 1, a]

  Tensor log_prob(const Tensor& action) const;  ///< [n] or [tasks, n]
  Tensor sample(RandomStream& random) const;    ///< mean + std * noise
};

/// KL(p || q) per row.
Tensor kl_divergence(const Gaussian& p, const Gaussian& q);

/// pi(a | s) = N(mlp(s), diag exp(2 log_std)), log_std independent of the state, floored at log
/// min_std. All parameters form one flat vector [p]: weights [out, in] and bias [out] of each layer
/// in order, then log_std [a]. Functions take the parameters explicitly, as [p] or one row per task
/// [tasks, p], so that adapted copies of one policy are evaluated in one batch.
class GaussianPolicy : public StochasticPolicy {
 public:
  /// Draws the weights according to `config`; biases are zero.
  GaussianPolicy(int64_t observation_size, int64_t action_size, const PolicyConfig& config,
                 RandomStream& random);

  int64_t observation_size() const override { return sizes_.front(); }
  int64_t action_size() const override { return sizes_.back(); }
  /// Layer widths: observation, hidden …, action.
  const std::vector<int64_t>& sizes() const { return sizes_; }
  double min_log_std() const { return min_log_std_; }
  /// The length p of the flat parameters.
  int64_t parameter_count() const;

  const Tensor& parameters() const override { return parameters_; }
  void to(torch::Device device) override { parameters_ = parameters_.to(device); }
  void set_parameters(const Tensor& parameters) override;
  std::vector<int64_t> variables() const override;

  /// Returns the action distribution at `observation` [n, o] (or [tasks, n, o] with parameters
  /// [tasks, p]). Differentiable in both. Computed by MlpBlock on the CPU without autograd; by
  /// torch under autograd or a ForceTorch.
  Gaussian distribution(const Tensor& parameters, const Tensor& observation) const;
  Gaussian distribution(const Tensor& observation) const {
    return distribution(parameters_, observation);
  }

  Tensor act(const Tensor& parameters, const Tensor& observation,
             const Tensor& noise) const override;
  Tensor log_prob(const Tensor& parameters, const Tensor& observation,
                  const Tensor& action) const override {
    return distribution(parameters, observation).log_prob(action);
  }
  std::unique_ptr<RowPolicy> by_rows(const Tensor& parameters, int64_t capacity) const override;
  std::unique_ptr<BatchPolicy> by_batch(const Tensor& parameters, int64_t n) const override;

  /// Rewrites the first layer so that the policy's input is normalised: pi'(s) = pi((s - mean) /
  /// std). The statistics are fixed from then on, as part of the weights.
  void absorb_input_normalisation(const Tensor& mean, const Tensor& std);

  /// The module's `log_std` [a] is in the units of training.
  std::string torchscript(const TaskSpec& task) const override;

  void serialize(Archive& archive) override;

 private:
  /// The standard deviations [g, a] in `parameters` [g, p].
  Tensor stds(const Tensor& parameters) const;

  std::vector<int64_t> sizes_;
  double min_log_std_;
  Tensor parameters_;
};

/// Gives all actions the same standard deviation.
void reset_std(GaussianPolicy& policy, double std);

/// The policy's standard deviation, averaged over action dimensions.
double mean_std(const GaussianPolicy& policy);

}  // namespace reverie
