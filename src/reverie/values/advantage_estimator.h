// From rollouts to what a policy learns from.
#pragma once

#include <reverie/policies/policy_calculus.h>
#include <reverie/values/advantage.h>
#include <reverie/values/value_network.h>

#include <optional>

namespace reverie {

/// What advantages are measured against.
enum class Baseline {
  linear,   ///< LinearFeatureBaseline, fitted to the very rollouts.
  network,  ///< ValueNetwork, as earlier rollouts left it, then fitted to these.
};
std::vector<std::string> setting_names(Baseline);

struct EstimatorConfig : AdvantageConfig {
  Baseline baseline = Baseline::linear;
  double worst = 1.0;
  ValueConfig value;

  void describe(Settings& settings);
};

/// Estimates advantages (see advantage.h), its baseline in hand. Where `worst` is below 1 a policy
/// learns from that fraction of the rollouts alone, those of the lowest return, so that it becomes
/// good where it does badly (the epsilon of EPOpt, Rajeswaran et al. 2017: the baseline is fitted
/// to all).
class AdvantageEstimator {
 public:
  AdvantageEstimator(const EstimatorConfig& config, int64_t observation_size, RandomStream random,
                     torch::Device device);

  /// The steps of `rollouts` that a policy learns from, with their advantages: mean 0 and deviation
  /// 1 over each group.
  PolicyBatch operator()(Rollouts rollouts);

  void serialize(Archive& archive);

 private:
  Tensor by_network(const Rollouts& rollouts);
  /// States, and the time where the return stops at its limit.
  Tensor inputs(const Tensor& observation, const Tensor& time) const;

  EstimatorConfig config_;
  std::optional<ValueNetwork> network_;
};

/// Leaves out of `counted` all rollouts but the `fraction` of each group whose first episode's
/// return is lowest (at least one, rounded up).
void keep_worst(Rollouts& rollouts, double fraction);

}  // namespace reverie
