// The real world as an agent meets it: environments to act in, and a count of the steps they cost.
#pragma once

#include <reverie/envs/pool.h>
#include <reverie/envs/task_entry.h>

namespace reverie {

/// A pool of one task's environments, with the count of real steps taken: the unit of the budget.
class World {
 public:
  /// `environments` run side by side; `random` seeds their initial states.
  World(const TaskEntry& entry, const EnvConfig& config, int64_t environments, RandomStream random);

  const Task& task() const { return pool_.task(); }
  const EnvironmentPool& pool() const { return pool_; }
  int64_t steps() const { return steps_; }  ///< Real environment steps so far.

  /// Starts new episodes everywhere; see EnvironmentPool.
  Tensor reset() { return pool_.reset(); }
  const Tensor& observation() const { return pool_.observation(); }
  /// Steps every environment; costs `pool().count()` real steps.
  StepResult step(const Tensor& action);
  /// Episodes that ended since the last call.
  std::vector<Episode> take_finished();

  /// Observations of fresh initial states [count, o] (float32), as `reset` would draw them. Costs
  /// no real steps: a designer can place the robot without running it.
  Tensor initial_observations(int64_t count, RandomStream& random);

  void serialize(Archive& archive);

 private:
  EnvironmentPool pool_;
  Environment probe_;  ///< For initial_observations.
  int64_t steps_ = 0;
  std::vector<Episode> finished_;
};

}  // namespace reverie
