// The agent of a run, as its newest checkpoint has it: to be looked at, not trained.
#pragma once

#include <reverie/runs/checkpoint.h>
#include <reverie/runs/run_folder.h>

#include <memory>

namespace reverie {

/// Loads the agent of a run, whether it is being trained at the time or not. Throws Error where
/// there is no checkpoint yet, or none that is whole. `warn` hears of those passed over, and of a
/// robot whose files have changed.
class SavedAgent {
 public:
  SavedAgent(const Experiment& experiment, const RunFolder& folder, const Checkpoints::Warn& warn);

  std::unique_ptr<Actor> actor() const { return agent_->actor(); }
  /// Null where the agent plans.
  const GaussianPolicy* policy() const { return agent_->policy(); }
  const Task& task() const { return session_.task(); }

  int64_t env_steps = 0;  ///< Real steps it had taken.

 private:
  Monitor silent_;
  Session session_;
  std::unique_ptr<Agent> agent_;
};

}  // namespace reverie
