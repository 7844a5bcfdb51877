// The loop shared by methods that practise in a learned model.
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
/// Methods derive from it and define how they practise.
class Dyna : public Agent {
 public:
  /// `policies` policies collect side by side.
  Dyna(const DynaConfig& config, Session& session, int64_t policies = 1,
       Members members = Members::fixed);

  std::vector<Phase> iteration() override;
  std::unique_ptr<Actor> actor() override { return actor_of(policy_); }
  const Policy* policy() const override { return &policy_; }
  void serialize(Archive& archive) override;
  std::string start_from(Archive& saved) override;

 protected:
  /// Improves the policy in the model.
  virtual void improve() = 0;
  /// Runs `improve`, and trains the disagreement explorer if there is one.
  void practise();
  /// Returns the actor that takes the real steps: the policy, unless overridden.
  virtual std::unique_ptr<Actor> explorer() { return actor_of(policy_); }

  void collect();
  void fit() { learner_.learn(collector_.memory(), &policy_); }
  const DynamicsModel& model() const { return learner_.model(); }
  /// Returns the rollouts with the policy's bonus for disagreement added to the rewards.
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
  bool policy_taken_ = false;  ///< From another run: its input is already normalised.
  std::optional<DisagreementExplorer> disagreement_;
};

}  // namespace reverie
