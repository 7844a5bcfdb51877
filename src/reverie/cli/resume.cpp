#include <reverie/cli/commands.h>
#include <reverie/cli/session.h>
#include <reverie/core/settings.h>
#include <reverie/runs/experiment.h>
#include <reverie/runs/run_folder.h>

namespace reverie::cli {

int resume(const ResumeOptions& options) {
  const RunFolder folder = open_run(options.folder);
  Experiment experiment = read_experiment(folder.config());
  Settings settings = experiment.settings();
  if (!options.steps.empty())
    settings.assign("run.steps", std::string_view(options.steps), "--steps");
  if (!options.threads.empty())
    settings.assign("run.threads", std::string_view(options.threads), "--threads");
  if (!options.device.empty())
    settings.assign("run.device", std::string_view(options.device), "--device");
  return continue_run(
      experiment, folder,
      !options.steps.empty() || !options.threads.empty() || !options.device.empty());
}

}  // namespace reverie::cli
