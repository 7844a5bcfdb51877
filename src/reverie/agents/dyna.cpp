#include <reverie/agents/dyna.h>

#include <reverie/agents/new_policy.h>
#include <reverie/agents/start_from.h>
#include <reverie/core/archive.h>

namespace reverie {

void DynaConfig::describe(Settings& settings) {
  settings.group("collect", collect);
  settings.group("collect", explore);
  settings.group("starts", starts);
  settings.group("imagine", imagine);
  settings.group("policy", policy);
  learn.describe(settings);
}

std::vector<std::string> DynaConfig::remarks() const {
  std::vector<std::string> remarks = remarks_on_inputs(policy, collect);
  if (learn.model.members == 1 && (explore.bonus > 0 || explore.kind == Explorer::disagreement))
    remarks.emplace_back(
        "collect.kind = disagreement and collect.bonus do nothing where model.members is 1: one "
        "model agrees with itself");
  return remarks;
}

std::string_view DynaConfig::advice(Sign sign) const {
  switch (sign) {
    case Sign::imagined_too_high:
      return "shorten imagine.horizon, or let the models learn more (fit.epochs, "
             "collect.random_steps)";
    case Sign::std_collapsed:
      return "raise policy.min_std, or take smaller steps";
    case Sign::useless_model:
      return "fit longer (fit.epochs) on more data (collect.random_steps)";
    case Sign::short_episodes:
    case Sign::critic_diverges:
      return {};
  }
  return {};
}

Dyna::Dyna(const DynaConfig& config, Session& session, int64_t policies, Members members)
    : session_(session),
      monitor_(session.monitor()),
      collector_(session, config.collect, policies),
      learner_(session, config.learn),
      starts_(session, config.starts, collector_.memory(),
              [this] { return learner_.start_weights(collector_.memory()); }),
      imagination_(session, learner_.model(), config.imagine, members),
      policy_(new_policy(session, config.policy)),
      policy_config_(config.policy),
      explore_config_(config.explore),
      imagined_rollouts_(config.imagine.rollouts) {
  if (config.explore.kind == Explorer::disagreement)
    disagreement_.emplace(session, config.explore, config.policy, collector_.memory());
}

std::vector<Phase> Dyna::iteration() {
  const auto improving = [this] { practise(); };
  return {{"collect", [this] { collect(); }}, {"fit", [this] { fit(); }}, {"improve", improving}};
}

void Dyna::practise() {
  improve();
  if (disagreement_) disagreement_->improve(imagination_, starts_, model(), imagined_rollouts_);
}

void Dyna::collect() {
  if (collector_.explore()) {
    if (!policy_taken_) normalise_inputs(policy_, policy_config_, collector_.memory());
    if (disagreement_) disagreement_->begin();
  } else {
    collector_.episodes(disagreement_ ? *disagreement_->actor() : *explorer());
    if (disagreement_) monitor_.record("collect/explorer", 1);
  }
}

void Dyna::serialize(Archive& archive) {
  archive("collector", collector_);
  archive("learner", learner_);
  archive("starts", starts_);
  archive("imagination", imagination_);
  archive("policy", policy_);
  archive("policy_taken", policy_taken_);
  if (disagreement_) archive("explorer", *disagreement_);
}

std::string Dyna::start_from(Archive& saved) {
  TakingOver over(saved);
  policy_taken_ = over.policy(policy_, policy_config_);
  // An explorer of its own knows nothing yet.
  if (policy_taken_ && !disagreement_) collector_.know_how_to_act();
  over.model(learner_);
  return over.in_words();
}

}  // namespace reverie
