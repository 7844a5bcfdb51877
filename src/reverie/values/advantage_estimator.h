// Turns rollouts into batches that a policy learns from.
#pragma once

#include <reverie/policies/policy_calculus.h>
#include <reverie/values/advantage.h>
#include <reverie/values/value_network.h>

#include <optional>

namespace reverie {

/// What advantages are measured against.
enum class Baseline {
  linear,   ///< LinearFeatureBaseline, fitted to the same rollouts.
  network,  ///< ValueNetwork from earlier rollouts, then fitted to these.
};
std::vector<std::string> setting_names(Baseline);

struct EstimatorConfig : AdvantageConfig {
  Baseline baseline = Baseline::linear;
  double worst = 1.0;
  ValueConfig value;

  void describe(Settings& settings);
};

/// Estimates advantages (see advantage.h) and owns the baseline. Where `worst` is below 1, a policy
/// learns only from that fraction of the rollouts with the lowest returns, to improve where it does
/// badly (epsilon in EPOpt, Rajeswaran et al. 2017); the baseline is fitted to all.
class AdvantageEstimator {
 public:
  AdvantageEstimator(const EstimatorConfig& config, int64_t observation_size, RandomStream random,
                     torch::Device device);

  /// Returns the steps of `rollouts` that a policy learns from, with advantages normalised to mean
  /// 0 and standard deviation 1 per task.
  PolicyBatch operator()(Rollouts rollouts);

  void serialize(Archive& archive);

 private:
  Tensor by_network(const Rollouts& rollouts);
  /// The network's inputs: the states, plus the time unless returns are bootstrapped.
  Tensor inputs(const Tensor& observation, const Tensor& time) const;

  EstimatorConfig config_;
  std::optional<ValueNetwork> network_;
};

/// Clears `counted` for all rows but the `fraction` per task with the lowest first-episode returns
/// (rounded up, at least one).
void keep_worst(Rollouts& rollouts, double fraction);

}  // namespace reverie
