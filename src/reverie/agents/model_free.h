// Policy gradients without a model: VPG, TRPO and PPO on real rollouts.
#pragma once

#include <reverie/agents/agent.h>
#include <reverie/agents/new_policy.h>
#include <reverie/agents/policy_gradient.h>
#include <reverie/collect/collector.h>
#include <reverie/policies/gaussian_policy.h>

namespace reverie {

struct ModelFreeConfig : AgentConfig {
  explicit ModelFreeConfig(ImproverKind kind);

  CollectConfig collect;
  PolicyConfig policy;
  PolicyGradientConfig gradient;

  void describe(Settings& settings) override;
  Adaptation adaptation() const override { return gradient.adaptation(); }
  std::vector<std::string> remarks() const override { return remarks_on_inputs(policy, collect); }
  std::string_view key_of(SettingRole role) const override;
  std::string_view advice(Sign sign) const override;
};

struct VpgAgentConfig : ModelFreeConfig {
  VpgAgentConfig() : ModelFreeConfig(ImproverKind::vpg) {}
};
struct TrpoAgentConfig : ModelFreeConfig {
  TrpoAgentConfig() : ModelFreeConfig(ImproverKind::trpo) {}
};
struct PpoAgentConfig : ModelFreeConfig {
  PpoAgentConfig() : ModelFreeConfig(ImproverKind::ppo) {}
};

/// Rolls out the policy in the world and improves it on those rollouts, depending on the improver
/// by REINFORCE with a baseline (Williams 1992), TRPO (Schulman et al. 2015) or PPO (Schulman et
/// al. 2017).
class ModelFree : public Agent {
 public:
  ModelFree(const ModelFreeConfig& config, Session& session);

  std::vector<Phase> iteration() override;
  std::unique_ptr<Actor> actor() override { return actor_of(policy_); }
  const Policy* policy() const override { return &policy_; }
  void serialize(Archive& archive) override;
  std::string start_from(Archive& saved) override;

 private:
  void collect();
  void improve();

  ModelFreeConfig config_;
  Monitor& monitor_;
  Collector collector_;
  GaussianPolicy policy_;
  PolicyGradient gradient_;
  Rollouts rollouts_;  ///< This iteration's, until the policy has learned from them.
};

}  // namespace reverie
