#include <reverie/collect/collector.h>

#include <reverie/collect/rollout.h>
#include <reverie/core/archive.h>
#include <reverie/core/error.h>
#include <reverie/data/episodes.h>

#include <algorithm>
#include <utility>

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
  Rollouts longest;  // a shorter stretch at the end cuts its episodes
  while (session_.steps() < config_.random_steps) {
    const int64_t missing = config_.random_steps - session_.steps();
    const int64_t steps =
        std::clamp<int64_t>(missing / session_.environments(), 1, config_.horizon);
    const Rollouts rollouts = roll_out(session_.world(), steps, *anyhow, Mode::explore, random_);
    memory_.add(transitions(rollouts));
    if (!longest.reward.defined() || rollouts.horizon() >= longest.horizon()) longest = rollouts;
  }
  record(mean_episode_return(longest), first_returns(longest).std(false).item<double>(),
         mean_episode_length(longest));
  session_.monitor().record("collect/random_actions", 1);
  return true;
}

Rollouts Collector::episodes(Actor& actor) {
  Rollouts rollouts;
  do {
    rollouts = roll_out(session_.world(), config_.horizon, actor, Mode::explore, random_);
    memory_.add(transitions(rollouts));
    under_way_ = false;
  } while (session_.steps() < config_.random_steps);
  const Tensor returns = first_returns(rollouts);
  record(returns.mean().item<double>(), returns.std(false).item<double>(),
         mean_episode_length(rollouts));
  session_.monitor().record("policy/saturated", saturated(rollouts.action, session_.task().spec()));
  return rollouts;
}

void Collector::steps(Actor& actor, int64_t count) {
  if (session_.environments() != 1)
    throw UsageError(
        "a method that learns between steps acts in one environment: "
        "set 'collect.rollouts = 1'");
  const torch::NoGradGuard no_grad;
  World& world = session_.world();
  for (int64_t i = 0; i < count; ++i) {
    if (!under_way_) {
      world.reset();
      return_ = 0;
      length_ = 0;
      actor.begin(torch::ones({1}, torch::kBool));
      under_way_ = true;
    }
    const Tensor observation = world.observation().clone();
    const Tensor action = actor.act(observation, Mode::explore, random_);
    const StepResult result = world.step(action);
    const Transitions step{observation,       action,
                           result.reward,     result.next_observation,
                           result.terminated, result.truncated};
    memory_.add(step);
    ++taken_;
    tell(actor, step);
    return_ += result.reward.item<double>();
    ++length_;
    if (result.terminated.item<bool>() || result.truncated.item<bool>()) {
      returns_.push_back(std::exchange(return_, 0));
      lengths_ += static_cast<double>(std::exchange(length_, 0));
    }
  }
}

bool Collector::take_first_steps(Actor& actor) {
  if (explore()) return true;
  if (memory_.size() > 0) return false;
  steps(actor, config_.random_steps);
  record_finished();
  return true;
}

void Collector::record_finished() {
  if (taken_ > 0)
    session_.monitor().record("policy/saturated",
                              saturated(memory_.newest(taken_).action, session_.task().spec()));
  taken_ = 0;
  if (returns_.empty()) return;
  const Tensor returns = torch::tensor(returns_, torch::kFloat64);
  record(returns.mean().item<double>(), returns.std(false).item<double>(),
         lengths_ / static_cast<double>(returns_.size()));
  returns_.clear();
  lengths_ = 0;
}

void Collector::record(double mean, double std, double episode_length) const {
  Monitor& monitor = session_.monitor();
  monitor.record("return/real", mean);
  monitor.record("return/real_std", std);
  monitor.record("episode/length", episode_length);
}

void Collector::serialize(Archive& archive) {
  archive("random", random_);
  archive("knows_how_to_act", knows_how_to_act_);
  archive("under_way", under_way_);
  archive("return", return_);
  archive.count("length", length_);
  archive("returns", returns_);
  archive("lengths", lengths_);
  archive.count("taken", taken_);
}

}  // namespace reverie
