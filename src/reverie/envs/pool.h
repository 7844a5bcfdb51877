// Many environments at once.
#pragma once

#include <reverie/core/workers.h>
#include <reverie/envs/environment.h>

#include <optional>
#include <vector>

namespace reverie {

/// An episode that has ended.
struct Episode {
  double episode_return = 0;
  int64_t length = 0;
  int64_t environment = 0;  ///< Which one of the pool ran it.

  void serialize(Archive& archive);
};

/// Environments of one task, stepped on the worker threads into blocks that are there from the
/// start: physics in parallel, the task's functions as one batch. An environment whose episode ends
/// is reset within the same step.
/// Initial states depend on the seed, the environment's index and its episode count alone.
class EnvironmentPool {
 public:
  /// Throws UsageError for a setting that the task has no use for.
  EnvironmentPool(const TaskEntry& entry, const EnvConfig& config, int64_t count,
                  RandomStream random);
  EnvironmentPool(EnvironmentPool&&) = delete;  // the workers know where it is

  const Task& task() const { return *task_; }
  int64_t count() const { return static_cast<int64_t>(environments_.size()); }

  /// Starts a new episode everywhere. Returns the observations [n, o], float32.
  Tensor reset();

  /// What to act on now: [n, o], float32. Where an episode has just ended: of the next one. Not to
  /// be written to: elsewhere it is the last step's next_observation.
  const Tensor& observation() const { return observation_; }

  /// One step of every environment, `action` [n, a]. float32 results. Throws NonFiniteError as
  /// Environment::step does; the pool is then of use only after `reset` or `serialize`.
  StepResult step(const Tensor& action) {
    send(action);
    return receive();
  }

  /// The two halves of `step`: the other worker threads run the physics while the caller goes on;
  /// `receive` lends a hand. Between the two nothing else may be asked of this pool
  /// (std::logic_error), and other work for the threads, also another pool's `send`, first finishes
  /// this pool's physics.
  void send(const Tensor& action);
  StepResult receive();

  /// The episodes that ended in the last `step`, in order of environment.
  const std::vector<Episode>& finished() const { return finished_; }

  /// Throws std::invalid_argument where the archive holds another number of environments.
  void serialize(Archive& archive);

 private:
  void require_idle() const;
  /// The physics of environment `i`, of the actions sent.
  void advance(int64_t i);
  /// Begins the next episode of environment `i`, and measures it.
  void restart(int64_t i);

  std::shared_ptr<const Task> task_;
  std::vector<Environment> environments_;
  std::vector<int64_t> episodes_;  ///< Episodes started, per environment.
  RandomStream random_;
  Tensor observation_;
  Tensor measurement_;       ///< [n, m] float64: what `observation_` was made of.
  Tensor next_measurement_;  ///< [n, m] float64: written by `step`.
  Tensor action_;            ///< [n, a] float64: those under way.
  std::optional<BackgroundWork> under_way_;
  std::vector<double> returns_;
  std::vector<Episode> finished_;
};

}  // namespace reverie
