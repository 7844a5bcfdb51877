#include <reverie/agents/model_free.h>

#include <reverie/agents/start_from.h>
#include <reverie/core/archive.h>

namespace reverie {

ModelFreeConfig::ModelFreeConfig(ImproverKind kind) {
  gradient.improver.kind = kind;
  gradient.improver.is_chosen = false;
  collect.random_steps = 0;
  collect.rollouts = 20;
}

void ModelFreeConfig::describe(Settings& settings) {
  gradient.describe(settings);
  settings.group("collect", collect);
  settings.group("policy", policy);
}

std::string_view ModelFreeConfig::key_of(SettingRole role) const {
  return role == SettingRole::random_steps ? "collect.random_steps" : "";
}

std::string_view ModelFreeConfig::advice(Sign sign) const {
  return sign == Sign::std_collapsed ? "raise policy.min_std, or take smaller steps" : "";
}

ModelFree::ModelFree(const ModelFreeConfig& config, Session& session)
    : config_(config),
      monitor_(session.monitor()),
      collector_(session, config.collect),
      policy_(new_policy(session, config.policy)),
      gradient_(session, config.gradient) {}

std::vector<Phase> ModelFree::iteration() {
  return {{"collect", [this] { collect(); }}, {"improve", [this] { improve(); }}};
}

void ModelFree::collect() {
  if (collector_.explore())
    normalise_inputs(policy_, config_.policy, collector_.memory());
  else
    rollouts_ = collector_.episodes(*actor());
}

void ModelFree::improve() {
  if (!rollouts_.reward.defined()) return;  // the random steps teach it nothing
  const ImprovementReport report =
      gradient_.improve(policy_, moved(rollouts_, policy_.parameters().device()));
  rollouts_ = {};
  monitor_.record("policy/kl", report.kl);
  monitor_.record("policy/accepted", report.accepted ? 1 : 0);
  monitor_.record("policy/std", mean_std(policy_));
}

void ModelFree::serialize(Archive& archive) {
  archive("collector", collector_);
  archive("policy", policy_);
  archive("gradient", gradient_);
  archive("rollouts", rollouts_);
}

std::string ModelFree::start_from(Archive& saved) {
  TakingOver over(saved);
  if (over.policy(policy_, config_.policy)) collector_.know_how_to_act();
  return over.in_words();
}

}  // namespace reverie
