// The suites of tasks, a file each, and what they are made with. For registry.cpp.
#pragma once

#include <reverie/envs/described_task.h>
#include <reverie/envs/environment.h>

namespace reverie {

std::vector<TaskEntry> gym_suite();
std::vector<TaskEntry> mbbl_suite();
std::vector<TaskEntry> rllab_suite();
std::vector<TaskEntry> rllib_suite();
std::vector<TaskEntry> classic_suite();

/// The entry of a task class, which has
///     static TaskSpec published();
///     static std::unique_ptr<Simulation> simulation(const EnvConfig&);
///     explicit TaskClass(TaskSpec);
template <class TaskClass>
TaskEntry task_entry() {
  const auto check = [](const EnvConfig& config) {
    check_ranges(config);
    refuse_changes(config, {"env.version"}, TaskClass::published().name);
  };
  return {TaskClass::published().name,
          [check](const EnvConfig& config) -> std::shared_ptr<const Task> {
            check(config);
            TaskSpec spec = TaskClass::published();
            if (config.horizon > 0) spec.horizon = config.horizon;
            return std::make_shared<TaskClass>(std::move(spec));
          },
          [check](const EnvConfig& config) -> std::unique_ptr<Simulation> {
            check(config);
            return TaskClass::simulation(config);
          }};
}

/// The entry of a description. `TaskClass` is DescribedTask, or derived of it with its constructor.
template <class TaskClass = DescribedTask>
TaskEntry described_entry(const TaskDescription& description) {
  const auto check = [name = description.name](const EnvConfig& config) {
    check_ranges(config);
    refuse_changes(config, {"env.version"}, name);
  };
  return {description.name,
          [=](const EnvConfig& config) -> std::shared_ptr<const Task> {
            check(config);
            return std::make_shared<TaskClass>(description, config);
          },
          [=](const EnvConfig& config) -> std::unique_ptr<Simulation> {
            check(config);
            return std::make_unique<MujocoSimulation>(plan(description), config);
          }};
}

/// What all half-cheetahs have in common: observed is everything but x: z, pitch and six joint
/// angles, then the velocities of x, z, pitch and the joints: 17 numbers. Never ends early.
TaskDescription half_cheetah();

/// All hoppers: observed are z, pitch and three joint angles, then the six velocities: 11 numbers.
TaskDescription hopper();

/// |x|² of each row, [n, d] to [n].
inline Tensor squared_norm(const Tensor& rows) {
  return rows.square().sum(1);
}

}  // namespace reverie
