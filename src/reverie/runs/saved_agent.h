// The agent in a run's newest checkpoint, for inspection rather than training.
#pragma once

#include <reverie/runs/checkpoint.h>
#include <reverie/runs/run_folder.h>

#include <memory>

namespace reverie {

/// Loads the agent of a run, which may be in training at the time. Throws Error where there is no
/// checkpoint yet, or none that is whole. `warn` is called for skipped checkpoints, and for a robot
/// whose files have changed.
class SavedAgent {
 public:
  SavedAgent(const Experiment& experiment, const RunFolder& folder, const Checkpoints::Warn& warn);

  std::unique_ptr<Actor> actor() const { return agent_->actor(); }
  /// Null where the agent plans.
  const Policy* policy() const { return agent_->policy(); }
  const Task& task() const { return session_.task(); }

  int64_t env_steps = 0;  ///< Real steps taken.

 private:
  Monitor silent_;
  Session session_;
  std::unique_ptr<Agent> agent_;
};

}  // namespace reverie
