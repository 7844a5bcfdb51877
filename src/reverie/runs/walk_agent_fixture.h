// The smallest agent that does all that a trainer must survive: for tests.
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

/// Acts with a Gaussian policy, remembers, and takes random steps in parameter space: every
/// stateful thing an agent has (parameters, a stream, counters, mid-episode environments), and no
/// learning.
class WalkAgent : public Agent {
 public:
  WalkAgent(const WalkConfig& config, const AgentContext& context)
      : config_(config),
        monitor_(context.monitor),
        random_(context.seed, "walk"),
        policy_(context.task.spec().observation_size, context.task.spec().action_size(),
                config.policy, random_) {}

  int64_t environments() const override { return config_.environments; }
  int64_t replay_capacity() const override { return 500; }

  void collect(World& world, Replay& replay) override {
    pause();
    const torch::NoGradGuard no_grad;
    if (world.steps() == 0) world.reset();
    for (int64_t step = 0; step < config_.steps_per_iteration; ++step) {
      const Tensor observation = world.observation();
      const Tensor action = policy_.distribution(observation).sample(random_);
      const StepResult result = world.step(action);
      replay.add({observation, action, result.reward, result.next_observation, result.terminated,
                  result.truncated});
      monitor_.progress(
          "collect", static_cast<double>(step) / static_cast<double>(config_.steps_per_iteration));
    }
  }

  void fit(const Replay& replay) override {
    pause();
    monitor_.record("model/holdout_loss", replay.all().reward.mean().item<double>());
    if (config_.useless_model) monitor_.record("model/new_data_error", 2.0);
  }

  void improve(World&) override {
    pause();
    ++improvements_;
    if (improvements_ == config_.nan_at) throw NonFiniteError("NaN or infinity in the walk's step");
    policy_.set_parameters(policy_.parameters() +
                           config_.step_size * random_.normal(policy_.parameters().sizes()));
    imagined_ += 1000;
    monitor_.record("policy/kl", random_.uniform());
  }

  const GaussianPolicy& policy() const override { return policy_; }
  int64_t imagined_steps() const override { return imagined_; }

  std::string start_from(Archive& saved) override {
    saved("agent/policy", policy_);
    return "policy taken";
  }

  void serialize(Archive& archive) override {
    archive("random", random_);
    archive("policy", policy_);
    archive("imagined", imagined_);
    archive("improvements", improvements_);
  }

 private:
  void pause() const { std::this_thread::sleep_for(std::chrono::milliseconds(config_.pause_ms)); }

  WalkConfig config_;
  Monitor& monitor_;
  RandomStream random_;
  GaussianPolicy policy_;
  int64_t imagined_ = 0;
  int64_t improvements_ = 0;
};

inline const AgentEntry& walk_entry() {
  static const AgentEntry entry{
      "walk", "random steps in parameter space (a fixture)",
      [] { return std::unique_ptr<AgentConfig>(std::make_unique<WalkConfig>()); },
      [](const AgentConfig& config, const AgentContext& context) {
        return std::unique_ptr<Agent>(
            std::make_unique<WalkAgent>(dynamic_cast<const WalkConfig&>(config), context));
      }};
  return entry;
}

}  // namespace reverie::testing
