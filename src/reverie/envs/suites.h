// The registered tasks, one function each, and what they are made with. For registry.cpp.
#pragma once

#include <reverie/envs/environment.h>

namespace reverie {

TaskEntry rllib_half_cheetah();
TaskEntry rllib_hopper();
TaskEntry rllab_half_cheetah();
TaskEntry mbbl_half_cheetah();
TaskEntry gym_half_cheetah();
TaskEntry classic_pendulum();
TaskEntry classic_cartpole();

/// The published spec, with what the settings change of it.
inline TaskSpec varied(TaskSpec spec, const EnvConfig& config) {
  if (config.horizon > 0) spec.horizon = config.horizon;
  return spec;
}

/// The entry of a task class, which has
///     static TaskSpec published();
///     static std::unique_ptr<Simulation> simulation(const EnvConfig&);
///     explicit TaskClass(TaskSpec);
template <class TaskClass>
TaskEntry task_entry() {
  return {TaskClass::published(),
          [](const EnvConfig& config) -> std::shared_ptr<const Task> {
            check_ranges(config);
            return std::make_shared<TaskClass>(varied(TaskClass::published(), config));
          },
          [](const EnvConfig& config) -> std::unique_ptr<Simulation> {
            check_ranges(config);
            return TaskClass::simulation(config);
          }};
}

/// |x|² of each row, [n, d] to [n].
inline Tensor squared_norm(const Tensor& rows) {
  return rows.square().sum(1);
}

}  // namespace reverie
