// The view of a run in training: the terminal, a test.
#pragma once

#include <reverie/runs/store.h>

#include <string>
#include <string_view>
#include <vector>

namespace reverie {

/// A run's progress, for display.
struct RunStatus {
  int64_t iteration = 0;  ///< Complete iterations.
  int64_t env_steps = 0;
  int64_t budget = 0;
  double wall_seconds = 0;               ///< Resumes included.
  double seconds_left = -1;              ///< Estimated, until the budget is spent; -1: unknown.
  std::vector<std::string> phases = {};  ///< Names of the phases, in order.
};

class TrainingView {
 public:
  virtual ~TrainingView() = default;
  /// One line on what is about to start, before anything else.
  virtual void begin(const std::string& line) { note(line); }
  /// The iterations of a run before it was resumed.
  virtual void history(const std::vector<IterationRow>&) {}
  /// A phase's progress, 0 to 1. Called often, possibly from a worker thread.
  virtual void progress(std::string_view /*phase*/, double /*fraction*/, const RunStatus&) {}
  /// An iteration is complete.
  virtual void iteration(const IterationRow&, const RunStatus&) {}
  /// One line for the user: a warning, where a checkpoint went.
  virtual void note(const std::string&) {}
  /// The last line of all.
  virtual void finish(const std::string& line) { note(line); }
};

}  // namespace reverie
