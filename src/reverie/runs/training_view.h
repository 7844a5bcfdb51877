// Whoever watches a run: the terminal, a test.
#pragma once

#include <reverie/runs/store.h>

#include <string>
#include <string_view>
#include <vector>

namespace reverie {

/// Where a run stands, for the eyes.
struct RunStatus {
  int64_t iteration = 0;  ///< Complete ones.
  int64_t env_steps = 0;
  int64_t budget = 0;
  double wall_seconds = 0;   ///< Resumes included.
  double seconds_left = -1;  ///< Until the budget is spent, as far as one can tell; -1: unknown.
};

class TrainingView {
 public:
  virtual ~TrainingView() = default;
  /// What is about to be done, in a line, before anything else.
  virtual void begin(const std::string& line) { note(line); }
  /// The iterations that a run had before it was resumed.
  virtual void history(const std::vector<IterationRow>&) {}
  /// A phase has come this far, 0 to 1. Called often, possibly from a worker thread.
  virtual void progress(std::string_view /*phase*/, double /*fraction*/, const RunStatus&) {}
  /// An iteration is complete.
  virtual void iteration(const IterationRow&, const RunStatus&) {}
  /// One line for the person: a warning, where a checkpoint went.
  virtual void note(const std::string&) {}
  /// The last line of all.
  virtual void finish(const std::string& line) { note(line); }
};

}  // namespace reverie
