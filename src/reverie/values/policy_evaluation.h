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
/// the episode: temporal differences on replayed transitions, with V' a slowly tracking target
/// network ("fitted policy evaluation with experience replay", Heess et al. 2015, appendix; the
/// target network is from Lillicrap et al. 2016). The state is normalised by the last fit's data.
/// Scale and offset are the standard deviation and mean of the first fit's rewards, divided by 1 -
/// gamma, as if each reward persisted for ever.
class PolicyEvaluation {
 public:
  /// Throws UsageError where the discount is not below 1.
  PolicyEvaluation(int64_t observation_size, const EvaluationConfig& config, double discount,
                   RandomStream random, torch::Device device);

  /// Fits V to `data`, with each transition's squared error weighted by `weight` [n]. Returns the
  /// weighted mean squared error of the last epoch, in units of the scale. Throws NonFiniteError
  /// where the resulting weights are not finite.
  double fit(const Transitions& data, const Tensor& weight);

  /// Returns values [n] at states [n, o]. Differentiable in the states. 0 before the first fit.
  Tensor value(const Tensor& observation) const;

  void serialize(Archive& archive);

 private:
  Tensor in_units(const std::vector<Ensemble::Layer>& layers, const Tensor& normalised) const;

  EvaluationConfig config_;
  double discount_;
  RandomStream random_;
  Ensemble network_;  ///< of one member
  Tensor slow_;       ///< [1, p]: parameters of the target network V'
  Normaliser inputs_;
  bool fitted_ = false;
  double scale_ = 1, offset_ = 0;
};

}  // namespace reverie
