// MB-MPO: model-based meta-policy optimisation.
#pragma once

#include <reverie/agents/dyna.h>
#include <reverie/agents/policy_gradient.h>
#include <reverie/improvers/maml.h>

namespace reverie {

struct MbMpoConfig : DynaConfig {
  int64_t tasks = 20;
  int64_t collecting_tasks = 0;
  int64_t meta_steps = 30;
  bool explore_adapted = true;
  PolicyGradientConfig gradient;
  maml::MetaConfig maml;

  void describe(Settings& settings) override;
  std::vector<std::string> remarks() const override;
  Adaptation adaptation() const override;
  /// Returns a copy in which a 0 that means "all" is that number. Throws UsageError for settings
  /// that exclude each other.
  MbMpoConfig checked() const;
};

/// Clavera et al., "Model-based reinforcement learning via meta-policy optimization" (2018),
/// algorithm 1. Each member of an ensemble of learned models is a task; the policy is meta-learned
/// so that one policy-gradient step adapts it to any of them. The adapted policies collect the
/// data. `maml.kind` selects first-order MAML or Reptile instead of MAML.
class MbMpo : public Dyna {
 public:
  MbMpo(const MbMpoConfig& config, Session& session)
      : Dyna(config, session, config.checked().collecting_tasks),
        config_(config.checked()),
        gradient_(session, config.gradient) {}

  void serialize(Archive& archive) override;

 private:
  std::unique_ptr<Actor> explorer() override;
  void improve() override;

  ImprovementReport meta_step(const maml::InnerSteps& inner, const PolicyBatch& after);

  struct Dream {
    Rollouts rollouts;
    PolicyBatch batch;
  };
  /// Returns imagined rollouts, with advantages, of one policy per task, `parameters` [tasks, p].
  Dream dream(const Tensor& parameters);
  /// The meta-policy repeated for each task: [tasks, p].
  Tensor meta_policies() const { return policy_.parameters().expand({config_.tasks, -1}); }

  MbMpoConfig config_;
  PolicyGradient gradient_;
  Tensor adapted_;  ///< [tasks, p]: the policies that collect next; undefined before any.
};

}  // namespace reverie
