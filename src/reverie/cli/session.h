// What train and resume share: a trainer, a view, and how it ends.
#pragma once

#include <string>

namespace reverie {
struct Experiment;
class RunFolder;
}  // namespace reverie

namespace reverie::cli {

/// Trains a new run in a folder of its own. Returns the exit code.
int start_run(Experiment& experiment, const std::string& out);

/// Goes on with a run; `rewrite_config` where the experiment is no longer what its config.toml
/// says.
int continue_run(Experiment& experiment, const RunFolder& folder, bool rewrite_config);

}  // namespace reverie::cli
