// Many environments at once.
#pragma once

#include <reverie/core/workers.h>
#include <reverie/envs/environment.h>
#include <reverie/envs/task_entry.h>

#include <optional>
#include <vector>

namespace reverie {

/// An episode that has ended.
struct Episode {
  double episode_return = 0;
  int64_t length = 0;
  int64_t environment = 0;  ///< Index in the pool.

  void serialize(Archive& archive);
};

/// Environments of one task, stepped on the worker threads into preallocated blocks: physics in
/// parallel, the task's functions as one batch. An environment whose episode ends is reset within
/// the same step. Initial states depend only on the seed, the environment's index and its episode
/// count.
class EnvironmentPool {
 public:
  /// Throws UsageError for a setting that the task does not support.
  EnvironmentPool(const TaskEntry& entry, const EnvConfig& config, int64_t count,
                  RandomStream random);
  EnvironmentPool(EnvironmentPool&&) = delete;  // the workers hold its address

  const Task& task() const { return *task_; }
  int64_t count() const { return static_cast<int64_t>(environments_.size()); }

  /// Starts a new episode everywhere. Returns the observations [n, o], float32.
  Tensor reset();

  /// The observations to act on now: [n, o], float32. Where an episode has just ended, the next
  /// one's first. Do not write to it: it may be the last step's next_observation.
  const Tensor& observation() const { return observation_; }

  /// Steps every environment, `action` [n, a]. float32 results. Throws NonFiniteError as
  /// Environment::step does; the pool is then usable only after `reset` or `serialize`.
  StepResult step(const Tensor& action) {
    send(action);
    return receive();
  }

  /// The two halves of `step`: the other worker threads run the physics while the caller continues;
  /// `receive` helps to finish it. Between the two nothing else may be called on this pool (throws
  /// std::logic_error), and other work for the threads, including another pool's `send`, first
  /// finishes this pool's physics.
  void send(const Tensor& action);
  StepResult receive();

  /// The episodes that ended in the last `step`, in order of environment.
  const std::vector<Episode>& finished() const { return finished_; }

  /// Throws std::invalid_argument where the archive holds a different number of environments.
  void serialize(Archive& archive);

 private:
  void require_idle() const;
  /// Steps the physics of environment `i` with the action sent.
  void advance(int64_t i);
  /// Starts the next episode of environment `i` and measures its first state.
  void restart(int64_t i);

  std::shared_ptr<const Task> task_;
  std::vector<Environment> environments_;
  std::vector<int64_t> episodes_;  ///< Episodes started, per environment.
  RandomStream random_;
  Tensor observation_;
  Tensor measurement_;       ///< [n, m] float64: what `observation_` was made from.
  Tensor next_measurement_;  ///< [n, m] float64: written by `step`.
  Tensor action_;            ///< [n, a] float64: of the step under way.
  std::optional<BackgroundWork> under_way_;
  std::vector<double> returns_;
  std::vector<Episode> finished_;
};

}  // namespace reverie
