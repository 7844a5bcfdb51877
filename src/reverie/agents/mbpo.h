// MBPO: model-based policy optimisation on short rollouts that branch off real states.
#pragma once

#include <reverie/agents/agent.h>
#include <reverie/collect/collector.h>
#include <reverie/imagination/imagination.h>
#include <reverie/imagination/starts.h>
#include <reverie/improvers/expanded_target.h>
#include <reverie/improvers/pathwise_value.h>
#include <reverie/improvers/sac.h>
#include <reverie/models/learner.h>

#include <memory>

namespace reverie {

/// The length of imagined rollouts, which grows linearly with the real steps.
struct BranchConfig {
  int64_t rollouts = 100'000;
  int64_t horizon = 1;
  int64_t last_horizon = 0;
  int64_t grows_from = 20'000;
  int64_t grows_until = 150'000;
  int64_t kept = 1;

  void describe(Settings& settings);
  /// Throws UsageError for incompatible settings.
  void check() const;
  /// The steps of a rollout after `steps` real ones.
  int64_t horizon_at(int64_t steps) const;
  int64_t longest() const { return std::max(horizon, last_horizon); }
};

struct MbpoConfig : AgentConfig {
  int64_t steps = 250;
  int64_t updates = 20;
  int64_t batch = 256;
  double real_fraction = 0.05;
  StepCollectConfig collect;
  StartsConfig starts;
  BranchConfig branch;
  LearnConfig learn;
  SacConfig sac;
  TargetConfig target;
  PathwiseValueConfig actor;

  MbpoConfig();
  void describe(Settings& settings) override;
  std::string_view key_of(SettingRole role) const override {
    return key_where_a_model_is_learned(role);
  }
  std::string_view advice(Sign sign) const override;
};

/// Janner et al., "When to trust your model: model-based policy optimization" (2019), algorithm 2:
/// act and, at each step, update an actor-critic on transitions of which most are imagined; refit
/// the model now and then, and let rollouts of the policy in it branch off real states, short
/// enough that the model's errors don't compound. With `objective.kind` the model is learned for
/// something else than likelihood: TOM (Ma et al., "Learning policy-aware models for model-based
/// reinforcement learning via transition occupancy matching", 2023) is this with `tom`.
class Mbpo : public Agent {
 public:
  Mbpo(const MbpoConfig& config, Session& session);

  std::vector<Phase> iteration() override;
  std::unique_ptr<Actor> actor() override { return actor_of(sac_.policy()); }
  const Policy* policy() const override { return &sac_.policy(); }
  void serialize(Archive& archive) override;
  std::string start_from(Archive& saved) override;

 private:
  void fit();
  /// Lets rollouts branch off real states.
  void branch();
  void act();
  /// Returns a batch of real and imagined transitions.
  Transitions batch();

  MbpoConfig config_;
  Session& session_;
  Collector collector_;
  ModelLearner learner_;
  Starts starts_;
  Imagination imagination_;
  Replay& imagined_;
  std::vector<int64_t> branches_;  ///< Imagined transitions after each of the last fits.
  Sac sac_;
  std::unique_ptr<Actor> actor_;
  RandomStream random_, path_random_;
};

/// TOM's settings of MBPO.
struct TomAgentConfig : MbpoConfig {
  TomAgentConfig();
};

/// MAAC's: Clavera et al., "Model-augmented actor-critic: backpropagating through paths" (2020).
struct MaacConfig : MbpoConfig {
  MaacConfig();
};

/// SVG(H) as Amos et al. have it, "On the model-based stochastic value gradient for continuous
/// reinforcement learning" (2021): all of a batch is real, and only the policy looks ahead.
struct SvgSacConfig : MbpoConfig {
  SvgSacConfig();
};

}  // namespace reverie
