#include <reverie/cli/commands.h>
#include <reverie/cli/session.h>
#include <reverie/core/error.h>
#include <reverie/runs/experiment.h>
#include <reverie/runs/run_folder.h>

#include <fmt/core.h>

namespace reverie::cli {

ExperimentRequest request_of(const TrainOptions& options) {
  ExperimentRequest request{options.method, options.task, options.preset, options.config_file, {}};
  for (const auto& one : options.assignments) request.flags.push_back({one[0], one[1], one[2]});
  return request;
}

int train(const TrainOptions& options) {
  Experiment experiment = resolve(request_of(options));
  if (options.print_config) {
    fmt::print("{}", experiment.to_toml(true));
    return 0;
  }
  return start_run(experiment, options.out);
}

}  // namespace reverie::cli
