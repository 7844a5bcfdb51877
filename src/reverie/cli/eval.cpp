#include <reverie/cli/commands.h>
#include <reverie/core/error.h>
#include <reverie/core/workers.h>
#include <reverie/policies/gaussian_policy.h>
#include <reverie/runs/evaluate.h>
#include <reverie/runs/saved_agent.h>

#include <fmt/core.h>

#include <algorithm>
#include <thread>

namespace reverie::cli {
namespace {

void print_result(const std::string& label, const Evaluation& found) {
  const Spread returns = spread(found.returns);
  const auto [low, high] = std::minmax_element(found.returns.begin(), found.returns.end());
  double steps = 0;
  for (const int64_t length : found.lengths) steps += static_cast<double>(length);
  fmt::print("{:<28}{:10.2f} +- {:<9.2f} (min {:.2f}, max {:.2f}, {:.0f} steps each)\n", label,
             returns.mean, returns.std, *low, *high,
             steps / static_cast<double>(found.lengths.size()));
}

void print_json(const SavedAgent& saved, const EvalOptions& options, const Evaluation& found) {
  const Spread returns = spread(found.returns);
  fmt::print(
      "{{\"env_steps\": {}, \"episodes\": {}, \"stochastic\": {}, \"return_mean\": {}, "
      "\"return_std\": {}}}\n",
      saved.env_steps, options.episodes, options.stochastic, returns.mean, returns.std);
}

}  // namespace

int evaluate_run(const EvalOptions& options) {
  set_worker_count(static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
  const RunFolder folder = open_run(options.folder);
  Experiment experiment = read_experiment(folder.config());
  Settings settings = experiment.settings();
  for (const auto& set : options.sets) settings.assign(set, "--set");
  const SavedAgent saved(experiment, folder,
                         [](const std::string& line) { fmt::print(stderr, "reverie: {}\n", line); });
  const auto seed = static_cast<uint64_t>(options.seed);
  const Evaluation before = evaluate(saved.policy(), *experiment.task, experiment.env,
                                     options.episodes, options.stochastic,
                                     RandomStream(seed, "eval command"));
  if (options.json) {
    print_json(saved, options, before);
    return 0;
  }
  fmt::print("{} on {} at {} real steps, {} episodes, {} actions\n", experiment.method->name,
             experiment.task->spec.name, saved.env_steps, options.episodes,
             options.stochastic ? "sampled" : "mean");
  print_result("return", before);
  return 0;
}

}  // namespace reverie::cli
