// Actor-critics without a model: SAC, TD3, DDPG and CrossQ on replayed real transitions.
#pragma once

#include <reverie/agents/agent.h>
#include <reverie/collect/collector.h>
#include <reverie/improvers/crossq.h>
#include <reverie/improvers/sac.h>
#include <reverie/improvers/td3.h>

#include <memory>

namespace reverie {

struct OffPolicyConfig : AgentConfig {
  int64_t steps = 250;
  int64_t updates = 1;
  int64_t batch = 256;
  StepCollectConfig collect;

  void describe(Settings& settings) override;
  std::string_view key_of(SettingRole role) const override;
  std::string_view advice(Sign sign) const override;
  /// Returns a new learner of the method.
  virtual std::unique_ptr<ActorCritic> learner(const TaskSpec& spec, RandomStream random,
                                               torch::Device device) const = 0;
};

struct SacAgentConfig : OffPolicyConfig {
  SacConfig sac;

  void describe(Settings& settings) override;
  std::unique_ptr<ActorCritic> learner(const TaskSpec& spec, RandomStream random,
                                       torch::Device device) const override;
};

struct Td3AgentConfig : OffPolicyConfig {
  Td3Config td3;

  void describe(Settings& settings) override;
  std::unique_ptr<ActorCritic> learner(const TaskSpec& spec, RandomStream random,
                                       torch::Device device) const override;
};

/// DDPG's settings of TD3.
struct DdpgAgentConfig : Td3AgentConfig {
  DdpgAgentConfig();
};

struct CrossQAgentConfig : OffPolicyConfig {
  CrossQConfig crossq;

  void describe(Settings& settings) override;
  std::unique_ptr<ActorCritic> learner(const TaskSpec& spec, RandomStream random,
                                       torch::Device device) const override;
};

/// Acts in one environment, and after each step updates policy and critic on batches from all that
/// is remembered: SAC (Haarnoja et al. 2018), TD3 (Fujimoto et al. 2018), DDPG (Lillicrap et al.
/// 2016) and CrossQ (Bhatt et al. 2024), by the learner of the config. An iteration is a number of
/// steps, after which a run can be stopped.
class OffPolicy : public Agent {
 public:
  OffPolicy(const OffPolicyConfig& config, Session& session);

  std::vector<Phase> iteration() override;
  std::unique_ptr<Actor> actor() override { return actor_of(learner_->policy()); }
  const Policy* policy() const override { return &learner_->policy(); }
  void serialize(Archive& archive) override;
  std::string start_from(Archive& saved) override;

 private:
  void learn();

  int64_t steps_, updates_, batch_;
  Session& session_;
  Collector collector_;
  std::unique_ptr<ActorCritic> learner_;
  std::unique_ptr<Actor> actor_;
  RandomStream random_;
};

}  // namespace reverie
