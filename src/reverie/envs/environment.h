// One environment: a simulation, a task and an episode.
#pragma once

#include <reverie/envs/env_config.h>
#include <reverie/envs/simulation.h>
#include <reverie/envs/task.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace reverie {

class Archive;

/// One step of one or many environments. Leading dimension: environments.
struct StepResult {
  Tensor next_observation;  ///< [n, o] The true successor, also where the episode ended.
  Tensor reward;            ///< [n]
  Tensor terminated;        ///< [n] bool: the task ended the episode.
  Tensor truncated;         ///< [n] bool: the time limit did (never both).
};

/// A simulation with its task: what one episode needs. Observations are float64 here: the pool
/// gives agents float32.
class Environment {
 public:
  Environment(std::shared_ptr<const Task> task, std::unique_ptr<Simulation> simulation);

  const Task& task() const { return *task_; }
  Simulation& simulation() { return *simulation_; }
  int64_t time() const { return time_; }  ///< Steps taken in this episode.

  /// Starts an episode; the initial state depends on `random` alone. Returns the observation [o].
  Tensor reset(RandomStream& random);

  /// `reset` without an observation, for the pool.
  void restart(RandomStream& random);

  /// Takes one step. `action` [a]; the result has n = 1. Throws NonFiniteError for an action, or a
  /// resulting state, observation or reward, that is not finite. Stepping past the end of an
  /// episode throws std::logic_error.
  StepResult step(const Tensor& action);

  /// The physics of `step` alone, for the pool, which applies the task's functions to all its
  /// environments at once. Counts the time; throws as `step` does. Whether the task ended the
  /// episode is then the pool's to see: `restart` follows where it did.
  void advance(std::span<const double> action);
  void measure(std::span<double> out) const { simulation_->measure(out); }
  /// [1, m] float64
  Tensor measurement() const;
  /// Throws NonFiniteError where what the last step came to is not finite in 32 bits. For the pool.
  void require_numbers(double reward, std::span<const float> observation) const;

  /// The full state, mid-episode, warm start included.
  void serialize(Archive& archive);

 private:
  std::shared_ptr<const Task> task_;
  std::unique_ptr<Simulation> simulation_;
  int64_t time_ = 0;
  bool ended_ = true;
};

/// What a robot of one's own was made of; nothing of a task that Reverie brings along.
struct RobotFiles {
  std::filesystem::path toml = {};  ///< Of a run's copy: that copy, not the original.
  std::string body = {};            ///< Its MJCF, as mujoco_body() takes it.
  std::string identity = {};        ///< See robot_identity.
};

/// A registered task: its name, and how to make it. Both throw UsageError for a setting that the
/// task has no use for.
struct TaskEntry {
  std::string name;  ///< "suite/name"; of a robot file, its absolute path; of a run's copy of one,
                     ///< that of the original.
  std::function<std::shared_ptr<const Task>(const EnvConfig&)> make_task;
  std::function<std::unique_ptr<Simulation>(const EnvConfig&)> make_simulation;
  RobotFiles robot = {};

  /// With the published settings; compiles the body.
  TaskSpec spec() const { return make_task({})->spec(); }
};

/// All tasks, suite by suite.
const std::vector<TaskEntry>& all_tasks();

/// `name`: "suite/name", or the path of a robot file (see robot_file.h), which ends in ".toml".
/// Throws UsageError for an unknown name, with the nearest ones, or what robot_task() throws.
const TaskEntry& find_task(std::string_view name);

}  // namespace reverie
