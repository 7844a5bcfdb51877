#include <reverie/cli/commands.h>
#include <reverie/cli/session.h>
#include <reverie/core/settings.h>
#include <reverie/runs/experiment.h>
#include <reverie/runs/run_folder.h>
#include <reverie/runs/same_settings.h>

namespace reverie::cli {

int resume(const ResumeOptions& options) {
  const RunFolder folder = open_run(options.folder);
  Experiment experiment = read_experiment(folder.config());
  Settings settings = experiment.settings();
  bool changed = false;
  const auto assign = [&](std::string_view key, std::string_view value, std::string_view flag) {
    if (value.empty()) return;
    settings.assign(key, value, flag);
    changed = true;
  };
  assign("run.steps", options.steps, "--steps");
  assign("run.threads", options.threads, "--threads");
  assign("run.device", options.device, "--device");
  leave_rounding_to_the_cpu(experiment);
  return continue_run(experiment, folder, changed);
}

}  // namespace reverie::cli
