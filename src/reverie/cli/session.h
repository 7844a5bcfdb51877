// What train and resume share: a trainer, a view, and how a run ends.
#pragma once

#include <string>

namespace reverie {
struct Experiment;
class RunFolder;
}  // namespace reverie

namespace reverie::cli {

/// Trains a new run in a new folder. Returns the exit code.
int start_run(Experiment& experiment, const std::string& out);

/// Resumes a run. `rewrite_config`: whether the experiment differs from its config.toml, which is
/// then rewritten.
int continue_run(Experiment& experiment, const RunFolder& folder, bool rewrite_config);

}  // namespace reverie::cli
