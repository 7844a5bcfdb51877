// What a varied simulation measures, and a varied task reads.
#pragma once

#include <reverie/envs/columns.h>
#include <reverie/envs/env_config.h>
#include <reverie/envs/task.h>

namespace reverie {

/// The columns of a measurement, in order: the body's after the step, the body's after each earlier
/// repeat (first to last), the action noise, the observation noise, the distractors.
struct VariedLayout {
  VariedLayout(const EnvConfig& config, int64_t measurement, const TaskSpec& task)
      : body{0, measurement},
        earlier{measurement, (config.action_repeat - 1) * measurement},
        action_noise{earlier.first + earlier.count,
                     config.action_noise > 0 ? task.action_size() : 0},
        observation_noise{action_noise.first + action_noise.count,
                          config.observation_noise > 0 ? task.observation_size : 0},
        distractors{observation_noise.first + observation_noise.count, config.distractors} {}

  int64_t size() const { return distractors.first + distractors.count; }

  Columns body, earlier, action_noise, observation_noise, distractors;
};

}  // namespace reverie
