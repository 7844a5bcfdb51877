// One environment: a simulation, a task and an episode.
#pragma once

#include <reverie/envs/simulation.h>
#include <reverie/envs/task.h>

#include <memory>
#include <span>

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
  /// environments at once. Counts the time; throws as `step` does. The pool itself must check
  /// whether the task ended the episode and, if so, call `restart`.
  void advance(std::span<const double> action);
  void measure(std::span<double> out) const { simulation_->measure(out); }
  /// [1, m] float64
  Tensor measurement() const;
  /// Throws NonFiniteError where the last step's reward or observation is not finite in 32 bits.
  /// For the pool.
  void require_numbers(double reward, std::span<const float> observation) const;

  /// The full state, mid-episode, warm start included.
  void serialize(Archive& archive);

 private:
  std::shared_ptr<const Task> task_;
  std::unique_ptr<Simulation> simulation_;
  int64_t time_ = 0;
  bool ended_ = true;
};

}  // namespace reverie
