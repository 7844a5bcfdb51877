// MB-MPO: model-based meta-policy optimisation.
#pragma once

#include <reverie/agents/agent.h>
#include <reverie/imagination/imagine.h>
#include <reverie/improvers/maml.h>
#include <reverie/improvers/ppo.h>
#include <reverie/improvers/trpo.h>
#include <reverie/models/fit.h>
#include <reverie/models/objectives/registry.h>
#include <reverie/policies/advantage.h>

namespace reverie {

/// The outer step of the meta-learner.
enum class OuterStep { trpo, ppo };
std::vector<std::string> setting_names(OuterStep);

/// Where imagined rollouts start.
enum class StartStates {
  reset,    ///< Fresh initial states, as the simulator's reset draws them.
  initial,  ///< Initial states that the replay holds.
  buffer,   ///< Any state that the replay holds; now and then a fresh initial one.
};
std::vector<std::string> setting_names(StartStates);

struct MbMpoConfig : AgentConfig {
  int64_t tasks = 20;
  int64_t imagined_rollouts = 10;
  int64_t imagined_horizon = 0;
  int64_t real_rollouts = 1;
  int64_t collecting_tasks = 0;
  int64_t real_horizon = 0;
  int64_t random_steps = 8000;
  int64_t buffer = 12000;
  int64_t meta_steps = 30;
  OuterStep outer = OuterStep::trpo;
  bool explore_adapted = true;
  bool normalise_observations = true;
  StartStates starts = StartStates::reset;
  double reset_probability = 0.1;
  PolicyConfig policy;
  ModelConfig model;
  FitConfig fit;
  ObjectiveConfig objective;
  AdvantageConfig advantage;
  maml::MetaConfig maml;
  TrpoConfig trpo;
  PpoConfig ppo;

  void describe(Settings& settings) override;
  std::vector<std::string> remarks() const override;
  std::string_view key_of(SettingRole role) const override;
  std::string_view advice(Sign sign) const override;
};

/// Clavera et al., "Model-based reinforcement learning via meta-policy optimization" (2018),
/// algorithm 1. Each member of an ensemble of learned models is a task; the policy is meta-learned
/// so that one policy-gradient step adapts it to any of them. The adapted policies collect the
/// data.
class MbMpo : public Agent {
 public:
  MbMpo(const MbMpoConfig& config, const AgentContext& context);

  int64_t environments() const override;
  int64_t replay_capacity() const override { return config_.buffer; }

  void collect(World& world, Replay& replay) override;
  void fit(const Replay& replay) override;
  void improve(World& world) override;

  const GaussianPolicy& policy() const override { return policy_; }
  int64_t imagined_steps() const override { return imagined_steps_; }
  void serialize(Archive& archive) override;
  std::string start_from(Archive& saved) override;

 private:
  struct Practice {
    Rollouts rollouts;
    PolicyBatch batch;
  };
  /// Imagined rollouts of one policy a task from the states `from`, with their advantages.
  Practice practise(const Tensor& parameters, const Tensor& from);
  Tensor draw_starts(World& world);
  /// Keeps what the imagination may start from; `from_the_first`: nothing older has been dropped.
  void remember_starts(const Transitions& data, bool from_the_first);
  /// The meta-policy once for each task: [tasks, p].
  Tensor meta_policies() const;
  Rollouts explore_at_random(World& world);
  Rollouts explore_with_policies(World& world);

  MbMpoConfig config_;
  const Task& task_;
  torch::Device device_;  ///< Of policy, model and imagination; world and replay are on the CPU.
  Monitor& monitor_;
  RandomStream collect_random_, fit_random_, start_random_, imagine_random_;
  GaussianPolicy policy_;
  DynamicsModel model_;
  std::unique_ptr<Objective> objective_;
  std::unique_ptr<Improver> improver_;
  Tensor adapted_;  ///< [tasks, p]: the policies that collect next; undefined before the first.
  Tensor start_states_;  ///< States of the replay that imagination may start from.
  bool policy_given_ = false;  ///< It is another run's: it takes the first steps itself.
  int64_t fits_ = 0;
  int64_t practices_ = 0;  ///< Calls of practise so far.
  int64_t imagined_steps_ = 0;
  double imagine_seconds_ = 0;
};

}  // namespace reverie
