#include <reverie/envs/variations/variations.h>

#include <reverie/core/error.h>
#include <reverie/envs/task_entry.h>
#include <reverie/envs/variations/varied_system.h>

#include <fmt/format.h>

#include <utility>

namespace reverie {
namespace {

bool wraps_task(const EnvConfig& config) {
  return config.action_repeat > 1 || config.action_noise > 0 || config.observation_noise > 0 ||
         config.distractors > 0;
}

/// Refuses settings that do nothing without another.
void refuse_idle_settings(const EnvConfig& config) {
  const auto refuse = [](bool idle, const char* setting, const char* without) {
    if (idle) throw UsageError(fmt::format("{} has no effect without {}", setting, without));
  };
  refuse(config.noisy_reward && config.action_noise == 0 && config.observation_noise == 0,
         "env.noisy_reward", "env.action_noise or env.observation_noise");
  refuse(!config.cripple_among.empty() && config.cripple == Crippled::nothing, "env.cripple_among",
         "env.cripple");
  refuse((config.distraction != Distraction::sine || config.distractor_seed != 0) &&
             config.distractors == 0,
         "env.distraction or env.distractor_seed", "env.distractors");
  if ((config.cripple == Crippled::leg && config.crippled_leg >= 0) ||
      (config.cripple == Crippled::actuator && config.disabled_actuator >= 0))
    throw UsageError(
        "env.cripple draws what env.crippled_leg (env.disabled_actuator) says: leave one of them "
        "out, say by env.cripple=nothing");
}

}  // namespace

std::string words(const EnvConfig& config) {
  std::string text;
  for (const EnvChange& change : changes(config))
    text +=
        fmt::format("{}{}={}", text.empty() ? "" : ", ", change.key, format_value(change.value));
  return text;
}

TaskEntry with_variations(TaskEntry published) {
  TaskEntry varied = published;
  varied.make_task = [published](const EnvConfig& config) -> std::shared_ptr<const Task> {
    refuse_idle_settings(config);
    std::shared_ptr<const Task> task = published.make_task(config);
    if (!wraps_task(config)) return task;
    const int64_t measured = published.make_simulation(config)->measurement_size();
    return varied_task(std::move(task), config, measured);
  };
  varied.make_simulation = [published](const EnvConfig& config) -> std::unique_ptr<Simulation> {
    if (!wraps_task(config) && !draws_bodies(config)) return published.make_simulation(config);
    return varied_simulation(published.make_simulation, config, published.make_task(config));
  };
  return varied;
}

}  // namespace reverie
