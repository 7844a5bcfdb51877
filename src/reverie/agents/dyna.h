// The loop that methods share which practise in a learned model.
#pragma once

#include <reverie/agents/agent.h>
#include <reverie/agents/disagreement_explorer.h>
#include <reverie/collect/collector.h>
#include <reverie/imagination/imagination.h>
#include <reverie/imagination/starts.h>
#include <reverie/models/learner.h>
#include <reverie/policies/gaussian_policy.h>

namespace reverie {

/// Settings of the parts.
struct DynaConfig : AgentConfig {
  CollectConfig collect;
  StartsConfig starts;
  ImagineConfig imagine;
  ExploreConfig explore;
  PolicyConfig policy;
  LearnConfig learn;

  void describe(Settings& settings) override;
  std::vector<std::string> remarks() const override;
  std::string_view key_of(SettingRole role) const override {
    return key_where_a_model_is_learned(role);
  }
  std::string_view advice(Sign sign) const override;
};

/// Dyna (Sutton, "Integrated architectures for learning, planning, and reacting based on
/// approximating dynamic programming", 1990): act, learn a model of what happened, practise in it.
/// A method derives from it and says how it practises.
class Dyna : public Agent {
 public:
  /// `policies` collect side by side.
  Dyna(const DynaConfig& config, Session& session, int64_t policies = 1,
       Members members = Members::fixed);

  std::vector<Phase> iteration() override;
  std::unique_ptr<Actor> actor() override { return actor_of(policy_); }
  const GaussianPolicy* policy() const override { return &policy_; }
  void serialize(Archive& archive) override;
  std::string start_from(Archive& saved) override;

 protected:
  /// Improves the policy in the model.
  virtual void improve() = 0;
  /// `improve`, and what the explorer learns beside it.
  void practise();
  /// Who takes the real steps: the policy, unless a method knows better.
  virtual std::unique_ptr<Actor> explorer() { return actor_of(policy_); }

  void collect();
  void fit() { learner_.learn(collector_.memory(), &policy_); }
  const DynamicsModel& model() const { return learner_.model(); }
  /// Rollouts as the policy is paid for them.
  Rollouts paid(const Rollouts& rollouts) const {
    return with_disagreement(rollouts, model(), 1, explore_config_.bonus);
  }

  Session& session_;
  Monitor& monitor_;
  Collector collector_;
  ModelLearner learner_;
  Starts starts_;
  Imagination imagination_;
  GaussianPolicy policy_;

 private:
  PolicyConfig policy_config_;
  ExploreConfig explore_config_;
  int64_t imagined_rollouts_;
  bool policy_taken_ = false;  ///< It is another run's: its input is normalised already.
  std::optional<DisagreementExplorer> disagreement_;
};

}  // namespace reverie
