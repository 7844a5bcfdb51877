#include <reverie/core/error.h>
#include <reverie/envs/variations/varied_layout.h>
#include <reverie/envs/variations/varied_system.h>

#include <fmt/format.h>

#include <utility>

namespace reverie {
namespace {

/// The task of a varied simulation.
class VariedTask : public Task {
 public:
  VariedTask(std::shared_ptr<const Task> inner, const EnvConfig& config, int64_t measurement)
      : inner_(std::move(inner)), config_(config), layout_(config, measurement, inner_->spec()) {
    if (config.noisy_reward && config.action_repeat > 1)
      throw UsageError("env.noisy_reward goes with an env.action_repeat of 1 alone");
    if (config.noisy_reward && !inner_->reward_is_exact())
      throw UsageError(fmt::format(
          "env.noisy_reward: the reward of {} is not one of observation and action alone",
          inner_->spec().name));
    spec_ = inner_->spec();
    spec_.observation_size += config.distractors;
    spec_.horizon = (spec_.horizon + config.action_repeat - 1) / config.action_repeat;
    if (config.action_repeat > 1)
      spec_.description +=
          fmt::format("; each action lasts {} steps, so that a model has to learn the reward",
                      config.action_repeat);
    if (config.action_noise > 0)
      spec_.description += fmt::format("; actions are off by up to {:g}", config.action_noise);
    if (config.observation_noise > 0)
      spec_.description +=
          fmt::format("; observations are off by up to {:g}", config.observation_noise);
    if (config.distractors > 0)
      spec_.description += fmt::format("; {} distractors", config.distractors);
  }

  Tensor observe(const Tensor& measurement) const override {
    Tensor seen = inner_->observe(reached(measurement));
    if (config_.observation_noise > 0) seen = seen + take(measurement, layout_.observation_noise);
    if (config_.distractors == 0) return seen;
    return torch::cat({seen, take(measurement, layout_.distractors)}, 1);
  }

  Tensor reward(const Tensor& observation, const Tensor& action,
                const Tensor& next) const override {
    const Tensor each = inner_->reward(own(observation), action, own(next));
    return config_.action_repeat > 1 ? each * static_cast<double>(config_.action_repeat) : each;
  }
  bool reward_is_exact() const override {
    const bool noisy =
        config_.noisy_reward ? config_.action_noise > 0 : config_.observation_noise > 0;
    return inner_->reward_is_exact() && config_.action_repeat == 1 && !noisy;
  }
  bool reward_is_told() const override {
    return inner_->reward_is_told() && config_.action_repeat == 1;
  }
  Tensor measured_reward(const Tensor& measurement, const Tensor& action,
                         const Tensor& next) const override {
    if (config_.noisy_reward) {
      const Tensor done =
          config_.action_noise > 0 ? action + take(next, layout_.action_noise) : action;
      return inner_->reward(own(observe(measurement)), done, own(observe(next)));
    }
    Tensor before = take(measurement, layout_.body), total, going_on;
    for (int64_t step = 0; step < config_.action_repeat; ++step) {
      const Tensor after = repeat(next, step);
      Tensor paid = inner_->measured_reward(before, action, after);
      if (going_on.defined()) paid = paid * going_on;
      total = total.defined() ? total + paid : paid;
      if (inner_->terminates()) {
        const Tensor goes_on = inner_->measured_terminated(after).logical_not();
        going_on = going_on.defined() ? going_on & goes_on : goes_on;
      }
      before = after;
    }
    return total;
  }

  bool terminates() const override { return inner_->terminates(); }
  bool end_is_exact() const override {
    return inner_->end_is_exact() && config_.observation_noise == 0;
  }
  bool end_is_told() const override { return inner_->end_is_told(); }
  Tensor terminated(const Tensor& next) const override { return inner_->terminated(own(next)); }
  Tensor measured_terminated(const Tensor& next) const override {
    return inner_->measured_terminated(reached(next));
  }

 private:
  /// An observation without the distractors.
  Tensor own(const Tensor& observation) const {
    return observation.slice(1, 0, inner_->spec().observation_size);
  }
  /// The measurement after the task's step number `step` of an agent's.
  Tensor repeat(const Tensor& measurement, int64_t step) const {
    if (step == config_.action_repeat - 1) return take(measurement, layout_.body);
    const int64_t size = layout_.body.count;
    return take(measurement, {layout_.earlier.first + step * size, size});
  }
  /// Where the step led to: the body's last measurement, or that at which the episode ended before.
  Tensor reached(const Tensor& measurement) const {
    Tensor end = take(measurement, layout_.body);
    if (!inner_->terminates()) return end;
    for (int64_t step = config_.action_repeat - 2; step >= 0; --step) {
      const Tensor earlier = repeat(measurement, step);
      end = torch::where(inner_->measured_terminated(earlier).unsqueeze(1), earlier, end);
    }
    return end;
  }

  std::shared_ptr<const Task> inner_;
  EnvConfig config_;
  VariedLayout layout_;
};

}  // namespace

std::shared_ptr<const Task> varied_task(std::shared_ptr<const Task> inner, const EnvConfig& config,
                                        int64_t measurement) {
  return std::make_shared<VariedTask>(std::move(inner), config, measurement);
}

}  // namespace reverie
