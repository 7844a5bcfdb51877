// The Gaussian policy: a tanh MLP for the mean, a free log standard deviation.
#pragma once

#include <reverie/core/random.h>
#include <reverie/core/settings.h>
#include <reverie/envs/task.h>

#include <string>
#include <utility>
#include <vector>

namespace reverie {

class Archive;

/// How a new policy's weights are drawn; biases are 0.
enum class WeightInit {
  xavier,  ///< Uniform, Glorot and Bengio (2010).
  normc,   ///< Normal, then the weights into each unit scaled to a norm of 1 (RLlib's).
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

/// pi(a | s) = N(mlp(s), diag exp(2 log_std)), log_std free of the state, floored at log min_std.
/// All parameters are one flat vector [p]: weights [out, in] and bias [out] of each layer in order,
/// then log_std [a]. Functions take the parameters explicitly, as [p] or one row per task
/// [tasks, p], so that adapted copies of one policy are evaluated side by side.
class GaussianPolicy {
 public:
  /// Weights drawn as `config` says, zero biases.
  GaussianPolicy(int64_t observation_size, int64_t action_size, const PolicyConfig& config,
                 RandomStream& random);

  int64_t observation_size() const { return sizes_.front(); }
  int64_t action_size() const { return sizes_.back(); }
  /// Layer widths: observation, hidden …, action.
  const std::vector<int64_t>& sizes() const { return sizes_; }
  double min_log_std() const { return min_log_std_; }
  /// The length p of the flat parameters.
  int64_t parameter_count() const;

  const Tensor& parameters() const { return parameters_; }
  void to(torch::Device device) { parameters_ = parameters_.to(device); }
  /// Throws NonFiniteError (the parameters stay as they were) or std::invalid_argument.
  void set_parameters(const Tensor& parameters);

  /// The action distribution at `observation` [n, o] (or [tasks, n, o] with parameters [tasks, p]).
  /// Differentiable in both. Where nobody differentiates, on the CPU, by MlpBlock; under autograd
  /// or a ForceTorch by torch.
  Gaussian distribution(const Tensor& parameters, const Tensor& observation) const;
  Gaussian distribution(const Tensor& observation) const {
    return distribution(parameters_, observation);
  }

  /// Rewrites the first layer so that the policy's input is normalised: pi'(s) = pi((s - mean) /
  /// std). The statistics are fixed from then on: they live in the weights.
  void absorb_input_normalisation(const Tensor& mean, const Tensor& std);

  /// The policy as the bytes of a TorchScript file that Python's torch loads, in the units of the
  /// task's actuators and within their range, which it tells as `action_low` and `action_high` [a]:
  /// `forward(obs [n, o]) -> action [n, a]`, the mean, and `sample(obs)`. `log_std` [a] is in the
  /// units that it was trained in.
  std::string torchscript(const TaskSpec& task) const;

  void serialize(Archive& archive);

 private:
  std::vector<int64_t> sizes_;
  double min_log_std_;
  Tensor parameters_;
};

/// Gives all actions the same standard deviation.
void reset_std(GaussianPolicy& policy, double std);

/// The mean over actions of a policy's standard deviation.
double mean_std(const GaussianPolicy& policy);

}  // namespace reverie
