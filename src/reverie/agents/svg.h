// SVG: stochastic value gradients.
#pragma once

#include <reverie/agents/agent.h>
#include <reverie/agents/new_policy.h>
#include <reverie/collect/collector.h>
#include <reverie/imagination/value_gradient.h>
#include <reverie/improvers/ascent.h>
#include <reverie/models/learner.h>
#include <reverie/policies/gaussian_policy.h>
#include <reverie/values/policy_evaluation.h>

namespace reverie {

struct SvgConfig : AgentConfig {
  int64_t horizon = 1;
  int64_t policy_steps = 1000;
  int64_t batch = 64;
  int64_t window = 0;
  double discount = 0.99;
  AscentConfig ascent = {.learning_rate = 1e-4, .clip_norm = 0};
  double weight_clip = 5;
  double kl_penalty = 1e-3;
  CollectConfig collect;
  PolicyConfig policy;
  LearnConfig learn;
  EvaluationConfig value;

  SvgConfig() { learn.model.members = 1; }
  void describe(Settings& settings) override;
  std::vector<std::string> remarks() const override { return remarks_on_inputs(policy, collect); }
  std::string_view key_of(SettingRole role) const override {
    return key_where_a_model_is_learned(role);
  }
  std::string_view advice(Sign sign) const override;
};

/// Heess et al., "Learning continuous control policies by stochastic value gradients" (2015),
/// SVG(1) with experience replay and, by `svg.horizon`, SVG(h) up to SVG(infinity): act, fit a
/// model, fit the policy's value, and follow the value's gradient through model, reward and policy
/// along replayed transitions, whose noise is inferred. Only the model's derivatives are used: no
/// rollout leaves the real data, so model errors do not compound. Several models are averaged. As
/// in "Benchmarking model-based reinforcement learning" (iclavera/meta-mb, svg_1.py), a penalty
/// keeps each iteration's policy close to the last one.
class Svg : public Agent {
 public:
  Svg(const SvgConfig& config, Session& session);

  std::vector<Phase> iteration() override;
  std::unique_ptr<Actor> actor() override { return actor_of(policy_); }
  const Policy* policy() const override { return &policy_; }
  void serialize(Archive& archive) override;
  std::string start_from(Archive& saved) override;

 private:
  void collect();
  void improve();
  /// Returns the log densities [n] from which the actions of `data` were drawn.
  Tensor densities(const Transitions& data, bool at_random) const;
  /// Fits the value to replayed transitions, weighted for the current policy.
  void evaluate(const Tensor& acted);

  SvgConfig config_;
  Session& session_;
  Monitor& monitor_;
  Collector collector_;
  ModelLearner learner_;
  GaussianPolicy policy_;
  PolicyEvaluation value_;
  Ascent ascent_;
  RandomStream random_;
  Tensor acted_;  ///< [replay size]: log densities its actions were drawn from.
};

}  // namespace reverie
