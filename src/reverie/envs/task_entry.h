// A registered task: its name, and how to make its parts.
#pragma once

#include <reverie/envs/env_config.h>
#include <reverie/envs/simulation.h>
#include <reverie/envs/task.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace reverie {

/// What a user-defined robot was built from; empty for a task that ships with Reverie.
struct RobotFiles {
  std::filesystem::path toml = {};  ///< For a run's copy: the copy, not the original.
  std::string body = {};            ///< Its MJCF, as mujoco_body() takes it.
  std::string identity = {};        ///< See robot_identity.
};

/// A registered task: its name, and how to make it. Both factories throw UsageError for a setting
/// that the task does not support.
struct TaskEntry {
  std::string name;  ///< "suite/name"; for a robot file, its absolute path; for a run's copy of
                     ///< one, the original's path.
  std::function<std::shared_ptr<const Task>(const EnvConfig&)> make_task;
  std::function<std::unique_ptr<Simulation>(const EnvConfig&)> make_simulation;
  RobotFiles robot = {};

  /// With the published settings; compiles the body.
  TaskSpec spec() const { return make_task({})->spec(); }
};

}  // namespace reverie
