// TD3 and DDPG: a deterministic policy up its critic.
#pragma once

#include <reverie/core/settings.h>
#include <reverie/improvers/actor_critic.h>
#include <reverie/improvers/actor_step.h>
#include <reverie/policies/deterministic_policy.h>

namespace reverie {

struct Td3Config {
  PolicyNetworkConfig policy;
  CriticConfig critic;
  double learning_rate = 3e-4;
  double discount = 0.99;
  double exploration = 0.1;
  double smoothing = 0.2;
  double smoothing_limit = 0.5;
  int64_t policy_delay = 2;

  /// Under "policy", "critic" and "td3".
  void describe(Settings& settings);
};

/// Fujimoto et al., "Addressing function approximation error in actor-critic methods" (2018): the
/// critic is fitted to r + gamma min_k Q'_k(s', a'), a' being the slow copy of the policy with a
/// little clipped noise; every few updates the policy ascends Q_1(s, pi(s)), and the slow copies
/// follow. With one critic, no smoothing and no delay it is DDPG (Lillicrap et al. 2016), but for
/// that one's correlated noise.
class Td3 : public ActorCritic {
 public:
  Td3(const TaskSpec& spec, const Td3Config& config, RandomStream random, torch::Device device);
  Td3(const Td3&) = delete;

  void update(const Transitions& batch) override;
  const DeterministicPolicy& policy() const override { return policy_; }
  const QCritic& critic() const override { return critic_; }
  /// The slow copy's parameters [p].
  const Tensor& target_policy() const { return target_policy_; }
  Tensor values(const Tensor& observation) override;
  void set_target(Target target) override { target_ = std::move(target); }
  void record(Monitor& monitor) override { figures_.record(monitor); }
  void serialize(Archive& archive) override;

 private:
  Td3Config config_;
  RandomStream random_;
  torch::Device device_;
  DeterministicPolicy policy_;
  DeterministicHead smoothing_;
  Tensor target_policy_;
  QCritic critic_;
  PolicyTraining training_;
  int64_t updates_ = 0;
  Target target_;
  UpdateFigures figures_;
};

}  // namespace reverie
