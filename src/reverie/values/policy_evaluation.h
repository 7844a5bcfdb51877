// The value of a policy, learned from replayed transitions.
#pragma once

#include <reverie/core/settings.h>
#include <reverie/data/normaliser.h>
#include <reverie/data/transitions.h>
#include <reverie/nn/ensemble.h>

namespace reverie {

class Archive;

struct EvaluationConfig {
  std::vector<int64_t> hidden = {400, 200};
  double learning_rate = 5e-4;
  int64_t epochs = 5;
  int64_t batch = 32;
  int64_t window = 10000;
  double target_rate = 0.01;

  void describe(Settings& settings);
};

/// V(s) = scale * mlp((s - mean) / std) + offset, fitted to r + gamma V'(s'), or r where s' ends
/// the episode: temporal differences on replayed transitions, V' being a copy of the network that
/// follows it slowly ("fitted policy evaluation with experience replay", Heess et al. 2015,
/// appendix; the slow copy is Lillicrap et al. 2016's). The state is normalised by the last fit's
/// data. Scale and offset are set by the first fit's rewards, as a return has them whose rewards
/// stay what they are: deviation and mean over 1 - gamma.
class PolicyEvaluation {
 public:
  /// Throws UsageError for a discount of 1.
  PolicyEvaluation(int64_t observation_size, const EvaluationConfig& config, double discount,
                   RandomStream random, torch::Device device);

  /// Fits it to `data`, each transition's squared error weighted by `weight` [n]. Returns the
  /// weighted mean squared error of the last epoch, in units of the scale. Throws NonFiniteError
  /// where what comes of it is not finite.
  double fit(const Transitions& data, const Tensor& weight);

  /// [n] at states [n, o]. Differentiable in them. 0 before the first fit.
  Tensor value(const Tensor& observation) const;

  void serialize(Archive& archive);

 private:
  Tensor in_units(const std::vector<Ensemble::Layer>& layers, const Tensor& normalised) const;

  EvaluationConfig config_;
  double discount_;
  RandomStream random_;
  Ensemble network_;  ///< of one
  Tensor slow_;       ///< [1, p]: the parameters of V'
  Normaliser inputs_;
  bool fitted_ = false;
  double scale_ = 1, offset_ = 0;
};

}  // namespace reverie
