// CrossQ: a soft actor-critic without slow copies.
#pragma once

#include <reverie/improvers/sac.h>
#include <reverie/nn/mlp_adam.h>
#include <reverie/nn/renormed_mlps.h>

namespace reverie {

struct CrossQConfig {
  PolicyNetworkConfig policy;
  TemperatureConfig temperature;
  int64_t members = 2;
  std::vector<int64_t> hidden = {512, 512};
  double learning_rate = 1e-3;
  double beta1 = 0.5;
  double discount = 0.99;
  int64_t policy_delay = 3;
  int64_t warm_up = 100000;

  CrossQConfig() { temperature.learning_rate = 1e-3; }
  /// Under "policy", "critic" and "crossq".
  void describe(Settings& settings);
};

/// The critics as plain networks, by their running statistics, as they were at the last step of the
/// policy.
class FoldedCritic : public Critic {
 public:
  MlpShape shape;
  Tensor weights;  ///< [K, e]

  Tensor q(const Tensor& observation, const Tensor& action) const override;
};

/// Bhatt et al., "CrossQ: batch normalization in deep reinforcement learning for greater sample
/// efficiency and simplicity" (2024; adityab/CrossQ): SAC whose critics see (s, a) and (s', a') in
/// one batch, by whose statistics both are normalised, so that targets need no slow copy. Policy
/// and temperature step at every third update. By torch, also on the CPU.
class CrossQ : public ActorCritic {
 public:
  CrossQ(const TaskSpec& spec, const CrossQConfig& config, RandomStream random,
         torch::Device device);

  void update(const Transitions& batch) override;
  const SquashedGaussianPolicy& policy() const override { return policy_; }
  const FoldedCritic& critic() const override { return critic_; }
  double temperature() const { return temperature_.value(); }
  /// By the critics themselves, as they were at the policy's last step: there is no slow copy.
  Tensor values(const Tensor& observation) override;
  /// Throws UsageError: its own targets come from the batch that the critics are trained on.
  void set_target(Target target) override;
  void record(Monitor& monitor) override { figures_.record(monitor); }
  void serialize(Archive& archive) override;

 private:
  void step_critics(const Transitions& batch);
  void step_policy(const Tensor& observation);
  Draw draw(const Tensor& outputs);
  void fold();

  CrossQConfig config_;
  RandomStream random_;
  torch::Device device_;
  SquashedGaussianPolicy policy_;
  RenormedMlps policy_network_, critics_;
  MlpAdam policy_adam_, critic_adam_;
  FoldedCritic critic_;
  Temperature temperature_;
  int64_t updates_ = 0;
  UpdateFigures figures_;
};

}  // namespace reverie
