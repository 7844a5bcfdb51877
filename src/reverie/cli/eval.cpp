#include <reverie/cli/commands.h>
#include <reverie/cli/report.h>
#include <reverie/cli/variation.h>
#include <reverie/core/counted.h>
#include <reverie/core/error.h>
#include <reverie/core/json.h>
#include <reverie/core/workers.h>
#include <reverie/envs/variations/variations.h>
#include <reverie/policies/gaussian_policy.h>
#include <reverie/runs/adapt.h>
#include <reverie/runs/evaluate.h>
#include <reverie/runs/files.h>
#include <reverie/runs/saved_agent.h>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace reverie::cli {
namespace {

void print_result(const std::string& label, const Evaluation& found) {
  const Spread returns = spread(found.returns);
  const auto [low, high] = std::minmax_element(found.returns.begin(), found.returns.end());
  double steps = 0;
  for (const int64_t length : found.lengths) steps += static_cast<double>(length);
  const auto count = static_cast<int64_t>(found.returns.size());
  fmt::print(
      "{:<28}{:10.2f}, standard error {:.2f} (spread {:.2f}, min {:.2f}, max {:.2f}, {:.0f} "
      "steps each)\n",
      label, returns.mean, standard_error(returns.std, count), returns.std, *low, *high,
      steps / static_cast<double>(count));
}

void print_json(const std::string& method, const SavedAgent& saved, const EvalOptions& options,
                const std::string& varied, const Evaluation& before, const Evaluation& after) {
  const Spread returns = spread(before.returns);
  Json json = {{"method", method},
               {"task", saved.task().spec().name},
               {"env_steps", saved.env_steps},
               {"episodes", options.episodes},
               {"stochastic", options.stochastic},
               {"return_mean", returns.mean},
               {"return_std", returns.std},
               {"return_stderr", standard_error(returns.std, options.episodes)},
               {"seed", options.seed},
               {"variations", varied}};
  if (!after.returns.empty()) {
    const Spread adapted = spread(after.returns);
    json["adapt_steps"] = options.adapt;
    json["adapted_mean"] = adapted.mean;
    json["adapted_std"] = adapted.std;
    json["adapted_stderr"] = standard_error(adapted.std, options.episodes);
  }
  fmt::print("{}\n", json_text(json));
}

/// An evaluation varies the task and how it adapts; what else was trained by, it can't change.
void require_use(const std::string& set, const AgentConfig& config) {
  std::vector<std::string> useful = config.adaptation().keys;
  useful.emplace_back("env.");
  for (const std::string& key : useful)
    if (set.starts_with(key)) return;
  throw UsageError(fmt::format(
      "'{}' changes nothing of a trained policy: eval takes settings that begin with {}", set,
      fmt::join(useful, ", ")));
}

/// The policy, as one that can be adapted.
const GaussianPolicy& adaptable(const Policy* policy, std::string_view method) {
  if (!policy)
    throw UsageError(fmt::format("{} plans: there is no policy that --adapt could adapt", method));
  const auto* gaussian = dynamic_cast<const GaussianPolicy*>(policy);
  if (!gaussian)
    throw UsageError(fmt::format("--adapt takes Gaussian policies: that of {} is another", method));
  return *gaussian;
}

}  // namespace

int evaluate_run(const EvalOptions& options) {
  set_worker_count(0);
  const bool save = options.save || !options.save_to.empty();
  if (save && options.adapt == 0)
    throw UsageError("--save and --save-to keep the adapted policy: give --adapt K as well");
  const RunFolder folder = open_run(options.folder);
  Experiment experiment = read_experiment(folder.config());
  Settings settings = experiment.settings();
  const auto seen = [&] {
    return experiment.task->make_task(experiment.env)->spec().observation_size;
  };
  const int64_t seen_in_training = seen();
  for (const auto& set : options.sets) require_use(set, *experiment.agent);
  vary(settings, options.sets, report);
  if (seen() != seen_in_training)
    throw UsageError(
        fmt::format("the policy sees {} numbers; under these settings (env.distractors) "
                    "the task shows {}",
                    seen_in_training, seen()));
  const SavedAgent saved(experiment, folder,
                         [](const std::string& line) { report("warning: " + line); });
  const auto seed = static_cast<uint64_t>(options.seed);
  // The same initial states before and after, so that the difference is the policy's.
  const RandomStream random(seed, "eval command");
  const auto measure = [&](Actor& actor) {
    return evaluate(actor, *experiment.task, experiment.env, options.episodes,
                    options.stochastic ? Mode::explore : Mode::exploit, random);
  };
  const Evaluation before = measure(*saved.actor());
  Evaluation after;
  std::string kept;
  if (options.adapt > 0) {
    const GaussianPolicy adapted = adapt_in_world(
        adaptable(saved.policy(), experiment.method->name), *experiment.task, experiment.env,
        {options.adapt, options.adapt_episodes, experiment.agent->adaptation()},
        RandomStream(seed, "eval command/adapt"));
    after = measure(*actor_of(adapted));
    if (save) {
      kept = options.save_to.empty() ? (folder.root() / "policy-adapted.pt").string()
                                     : options.save_to;
      write_file_atomically(kept, adapted.torchscript(saved.task().spec()));
    }
  }
  const std::string varied = words(experiment.env);
  if (options.json) {
    print_json(experiment.method->name, saved, options, varied, before, after);
    return 0;
  }
  fmt::print("{} on {} at {} real steps, {}, {} actions{}{}\n", experiment.method->name,
             experiment.task->name, saved.env_steps, counted(options.episodes, "episode"),
             options.stochastic ? "sampled" : "mean", varied.empty() ? "" : "; ", varied);
  print_result(options.adapt > 0 ? "return before adaptation" : "return", before);
  if (options.adapt > 0) print_result("return after " + counted(options.adapt, "step"), after);
  if (!kept.empty()) fmt::print("the adapted policy is in {}\n", kept);
  return 0;
}

}  // namespace reverie::cli
