#include <reverie/collect/collector.h>

#include <reverie/collect/rollout.h>
#include <reverie/core/archive.h>
#include <reverie/data/episodes.h>

#include <algorithm>

namespace reverie {
namespace {

/// The fraction of actions that reach an end of the actuators' range, or beyond.
double saturated(const Tensor& action, const TaskSpec& spec) {
  const Tensor reached = (action <= spec.lowest_action()) | (action >= spec.highest_action());
  return reached.to(torch::kFloat32).mean().item<double>();
}

}  // namespace

Collector::Collector(Session& session, const CollectConfig& config, int64_t policies)
    : session_(session),
      config_(config),
      memory_(session.replay("real", config.buffer)),
      random_(session.stream("collect")) {
  if (config_.horizon == 0) config_.horizon = session.task().spec().horizon;
  session.open_world(policies * config_.rollouts);
}

bool Collector::explore() {
  if (knows_how_to_act_ || session_.steps() >= config_.random_steps) return false;
  const auto anyhow = uniform_actor(session_.task().spec());
  Rollouts rollouts;
  while (session_.steps() < config_.random_steps) {
    const int64_t missing = config_.random_steps - session_.steps();
    const int64_t steps =
        std::clamp<int64_t>(missing / session_.environments(), 1, config_.horizon);
    rollouts = roll_out(session_.world(), steps, *anyhow, Mode::explore, random_);
    memory_.add(transitions(rollouts));
  }
  record(rollouts);  // of the last stretch
  session_.monitor().record("collect/random_actions", 1);
  return true;
}

Rollouts Collector::episodes(Actor& actor) {
  Rollouts rollouts;
  do {
    rollouts = roll_out(session_.world(), config_.horizon, actor, Mode::explore, random_);
    memory_.add(transitions(rollouts));
  } while (session_.steps() < config_.random_steps);
  record(rollouts);
  session_.monitor().record("policy/saturated", saturated(rollouts.action, session_.task().spec()));
  return rollouts;
}

void Collector::record(const Rollouts& rollouts) const {
  const auto returns = first_returns(rollouts);
  Monitor& monitor = session_.monitor();
  monitor.record("return/real", returns.mean().item<double>());
  monitor.record("return/real_std", returns.std(/*unbiased=*/false).item<double>());
  monitor.record("episode/length", mean_episode_length(rollouts));
}

void Collector::serialize(Archive& archive) {
  archive("random", random_);
  archive("knows_how_to_act", knows_how_to_act_);
}

}  // namespace reverie
