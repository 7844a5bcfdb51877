#include <reverie/agents/mbpo.h>

#include <reverie/agents/start_from.h>
#include <reverie/core/archive.h>
#include <reverie/core/error.h>

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

namespace reverie {

void BranchConfig::describe(Settings& settings) {
  settings.add("rollouts", rollouts, "imagined rollouts after each fit", between(1, 1e7));
  settings.add("horizon", horizon, "steps of an imagined rollout, at first", between(1, 1000));
  settings.add("last_horizon", last_horizon,
               "steps of an imagined rollout in the end; 0: as at first", between(0, 1000));
  settings.add("grows_from", grows_from, "real steps up to which rollouts have their first length",
               at_least(0));
  settings.add("grows_until", grows_until,
               "real steps from which on they have their last; it grows linearly between",
               at_least(0));
  settings.add("kept", kept, "fits whose rollouts are remembered, the last ones",
               between(1, 10'000));
}

int64_t BranchConfig::horizon_at(int64_t steps) const {
  if (last_horizon == 0) return horizon;
  const double span = static_cast<double>(std::max<int64_t>(1, grows_until - grows_from));
  const double way = std::clamp(static_cast<double>(steps - grows_from) / span, 0.0, 1.0);
  return horizon + static_cast<int64_t>(way * static_cast<double>(last_horizon - horizon));
}

void BranchConfig::check() const {
  if (grows_until < grows_from)
    throw UsageError(fmt::format(
        "imagine.grows_until = {} is before imagine.grows_from = {}: set it to that or later",
        grows_until, grows_from));
}

MbpoConfig::MbpoConfig() {
  starts.from = StartStates::buffer;
  starts.reset_probability = 0;
}

void MbpoConfig::describe(Settings& settings) {
  settings.add("steps", steps, "real steps between two fits of the model: an iteration",
               between(1, 1e6));
  settings.add("updates", updates, "updates of policy and critic after each real step",
               between(0, 1000));
  settings.add("batch", batch, "transitions of an update", between(1, 1e6));
  settings.add("real_fraction", real_fraction, "fraction of them that are real", between(0, 1));
  settings.group("collect", collect);
  settings.group("starts", starts);
  settings.group("imagine", branch);
  sac.describe(settings);
  settings.group("target", target);
  settings.group("actor", actor);
  learn.describe(settings);
}

std::string_view MbpoConfig::advice(Sign sign) const {
  switch (sign) {
    case Sign::useless_model:
      return "fit longer (fit.epochs), or on more random steps (collect.random_steps)";
    case Sign::critic_diverges:
      return "take fewer or smaller steps (updates, critic.learning_rate), or more that are real "
             "(real_fraction)";
    case Sign::imagined_too_high:
    case Sign::std_collapsed:
    case Sign::short_episodes:
      return {};
  }
  return {};
}

Mbpo::Mbpo(const MbpoConfig& config, Session& session)
    : config_((config.branch.check(), config)),
      session_(session),
      collector_(session, config.collect),
      learner_(session, config.learn),
      starts_(session, config.starts, collector_.memory(),
              [this] { return learner_.start_weights(collector_.memory()); }),
      imagination_(session, learner_.model(), ImagineConfig{}, Members::step),
      imagined_(session.replay(
          "imagined", config.branch.kept * config.branch.rollouts * config.branch.longest())),
      sac_(session.task().spec(), config.sac, session.stream("actor_critic"), session.device()),
      actor_(actor_of(sac_.policy())),
      random_(session.stream("replay")),
      path_random_(session.stream("paths")) {
  if (config.target.kind != TargetKind::td)
    sac_.set_target(expanded_target(sac_, imagination_, config.target, config.sac.discount,
                                    learner_.model().members()));
  if (config.actor.horizon > 0)
    sac_.set_worth([this](const Tensor& parameters, const Tensor& from, const Draw& drawn) {
      return pathwise_value(session_.task(), learner_.model(), sac_.policy(), sac_.critic(),
                            parameters, from, drawn, config_.actor, config_.sac.discount,
                            sac_.temperature(), path_random_);
    });
}

std::vector<Phase> Mbpo::iteration() {
  return {{"act", [this] { act(); }}, {"fit", [this] { fit(); }}, {"branch", [this] { branch(); }}};
}

void Mbpo::act() {
  if (collector_.take_first_steps(*actor_)) return;
  for (int64_t step = 1; step <= config_.steps; ++step) {
    collector_.steps(*actor_, 1);
    for (int64_t k = 0; k < config_.updates; ++k) sac_.update(batch());
    session_.monitor().progress("act",
                                static_cast<double>(step) / static_cast<double>(config_.steps));
  }
  collector_.record_finished();
  sac_.record(session_.monitor());
}

Transitions Mbpo::batch() {
  const double real_rows = config_.real_fraction * static_cast<double>(config_.batch);
  const auto real = imagined_.size() > 0 ? static_cast<int64_t>(real_rows) : config_.batch;
  if (real == config_.batch) return collector_.memory().sample(real, random_);
  const int64_t newest = std::accumulate(branches_.begin(), branches_.end(), int64_t{0});
  return joined(collector_.memory().sample(real, random_),
                imagined_.sample_newest(newest, config_.batch - real, random_));
}

void Mbpo::fit() {
  learner_.learn(collector_.memory(), &sac_.policy(), &sac_.critic());
}

void Mbpo::branch() {
  const Tensor from = starts_.draw(1, config_.branch.rollouts);
  const int64_t horizon = config_.branch.horizon_at(session_.steps());
  const Rollouts rollouts = imagination_.branch(sac_.policy(), from, horizon);
  const Transitions dreamt = moved(first_episodes(rollouts), torch::kCPU);
  imagined_.add(dreamt);
  branches_.push_back(dreamt.size());
  if (static_cast<int64_t>(branches_.size()) > config_.branch.kept)
    branches_.erase(branches_.begin());
  session_.monitor().record("imagination/horizon", static_cast<double>(horizon));
}

void Mbpo::serialize(Archive& archive) {
  archive("collector", collector_);
  archive("learner", learner_);
  archive("starts", starts_);
  archive("imagination", imagination_);
  archive("branches", branches_);
  archive("actor_critic", sac_);
  archive("random", random_);
  archive("path_random", path_random_);
}

std::string Mbpo::start_from(Archive& saved) {
  TakingOver over(saved);
  if (over.actor_critic(sac_)) collector_.know_how_to_act();
  over.model(learner_);
  return over.in_words();
}

TomAgentConfig::TomAgentConfig() {
  learn.model.members = 1;
  learn.model.head = Head::mixture;
  learn.objective.kind = ObjectiveKind::tom;
}

MaacConfig::MaacConfig() {
  learn.model.members = 8;
  target.kind = TargetKind::steve;
  target.horizon = 2;
  actor.horizon = 4;
}

SvgSacConfig::SvgSacConfig() {
  real_fraction = 1;
  actor.horizon = 3;
  actor.soft = true;
}

}  // namespace reverie
