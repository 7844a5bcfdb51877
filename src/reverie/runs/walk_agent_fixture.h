// For tests: the smallest agent that has everything a trainer must preserve.
#pragma once

#include <reverie/agents/agent.h>
#include <reverie/core/archive.h>
#include <reverie/core/error.h>
#include <reverie/policies/gaussian_policy.h>

#include <chrono>
#include <thread>

namespace reverie::testing {

struct WalkConfig : AgentConfig {
  int64_t environments = 4;
  int64_t steps_per_iteration = 50;
  double step_size = 0.01;
  int64_t pause_ms = 0;
  int64_t nan_at = 0;
  bool useless_model = false;
  PolicyConfig policy{{8}, 0.5};

  void describe(Settings& settings) override {
    settings.add("environments", environments, "environments side by side", at_least(1));
    settings.add("steps_per_iteration", steps_per_iteration, "steps of each", at_least(1));
    settings.add("step_size", step_size, "length of the random step of the policy", at_least(0));
    settings.add("pause_ms", pause_ms, "sleep in each phase: room for a kill", at_least(0));
    settings.add("useless_model", useless_model, "records an error on new data of 2");
    settings.add("nan_at", nan_at, "the improvement that fails, from 1; 0: none", at_least(0));
    settings.group("policy", policy);
  }
};

/// Acts with a Gaussian policy, fills a replay buffer and takes random steps in parameter space:
/// has all the state of an agent (parameters, a stream, counters, mid-episode environments), but
/// doesn't learn.
class WalkAgent : public Agent {
 public:
  WalkAgent(const WalkConfig& config, Session& session)
      : config_(config),
        session_(session),
        random_(session.stream("walk")),
        replay_(session.replay("real", 500)),
        policy_(session.task().spec().observation_size, session.task().spec().action_size(),
                config.policy, random_) {
    session.open_world(config.environments);
  }

  std::vector<Phase> iteration() override {
    return {{"collect", [this] { collect(); }}, {"fit", [this] { fit(); }}, {"improve", [this] {
                                                                               improve();
                                                                             }}};
  }
  std::unique_ptr<Actor> actor() override { return actor_of(policy_); }
  const Policy* policy() const override { return &policy_; }

  std::string start_from(Archive& saved) override {
    saved("agent/policy", policy_);
    return "policy taken";
  }

  void serialize(Archive& archive) override {
    archive("random", random_);
    archive("policy", policy_);
    archive("improvements", improvements_);
  }

 private:
  void collect() {
    pause();
    const torch::NoGradGuard no_grad;
    World& world = session_.world();
    if (world.steps() == 0) world.reset();
    for (int64_t step = 0; step < config_.steps_per_iteration; ++step) {
      const Tensor observation = world.observation();
      const Tensor action = policy_.distribution(observation).sample(random_);
      const StepResult result = world.step(action);
      replay_.add({observation, action, result.reward, result.next_observation, result.terminated,
                   result.truncated});
      session_.monitor().progress(
          "collect", static_cast<double>(step) / static_cast<double>(config_.steps_per_iteration));
    }
  }

  void fit() {
    pause();
    session_.monitor().record("model/holdout_loss", replay_.all().reward.mean().item<double>());
    if (config_.useless_model) session_.monitor().record("model/new_data_error", 2.0);
  }

  void improve() {
    pause();
    ++improvements_;
    if (improvements_ == config_.nan_at) throw NonFiniteError("NaN or infinity in the walk's step");
    policy_.set_parameters(policy_.parameters() +
                           config_.step_size * random_.normal(policy_.parameters().sizes()));
    session_.count_imagined(1000, 0);
    session_.monitor().record("policy/kl", random_.uniform());
  }

  void pause() const { std::this_thread::sleep_for(std::chrono::milliseconds(config_.pause_ms)); }

  WalkConfig config_;
  Session& session_;
  RandomStream random_;
  Replay& replay_;
  GaussianPolicy policy_;
  int64_t improvements_ = 0;
};

inline const AgentEntry& walk_entry() {
  static const AgentEntry entry{
      "walk", "random steps in parameter space (a fixture)",
      [] { return std::unique_ptr<AgentConfig>(std::make_unique<WalkConfig>()); },
      [](const AgentConfig& config, Session& session) {
        return std::unique_ptr<Agent>(
            std::make_unique<WalkAgent>(dynamic_cast<const WalkConfig&>(config), session));
      }};
  return entry;
}

}  // namespace reverie::testing
