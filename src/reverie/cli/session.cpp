#include <reverie/cli/session.h>

#include <reverie/cli/report.h>
#include <reverie/cli/views.h>
#include <reverie/core/captured_work.h>
#include <reverie/core/device.h>
#include <reverie/core/error.h>
#include <reverie/core/workers.h>
#include <reverie/envs/variations.h>
#include <reverie/runs/files.h>
#include <reverie/runs/robot_copy.h>
#include <reverie/runs/stop_signal.h>
#include <reverie/runs/trainer.h>

#include <fmt/core.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <memory>

namespace reverie::cli {
namespace {

void set_up_process(const Experiment& experiment) {
  install_stop_signals();  // first: see there
  set_worker_count(static_cast<int>(experiment.run.threads));
  cuda_graphs::use(experiment.run.cuda_graphs && experiment.run.device != "cpu");
}

// Whatever ends a run, short of what no repetition mends, is one line that says how to go on.
template <class Work>
auto with_advice(const RunFolder& folder, Work work) {
  const auto fail = [&folder] [[noreturn]] (std::string_view what) {
    throw Error(fmt::format("{}; once that is mended go on with: {}", what,
                            resume_command(folder.root())));
  };
  try {
    return work();
  } catch (const NonFiniteError&) {
    throw;
  } catch (const UsageError&) {
    throw;
  } catch (const Error& error) {
    fail(error.what());
  } catch (const std::exception& error) {
    if (!is_out_of_memory(error)) throw;
    fail(out_of_memory);
  }
}

/// A budget that the random steps use up trains nothing by what was learned.
void require_budget(Experiment& experiment) {
  const Settings settings = experiment.settings();
  for (const Setting& one : settings.list()) {
    if (one.key != "random_steps") continue;
    const auto random = std::get<int64_t>(one.get());
    if (experiment.run.steps < random)
      throw UsageError(
          fmt::format("{} real steps (--steps) end before the {} random ones that {} begins with: "
                      "more of the first, or fewer of these by --set random_steps=N",
                      experiment.run.steps, random, experiment.method->name));
  }
}

constexpr int kTried = 8;

/// Whether first states end an episode, all that are tried, as of a robot whose ranges don't fit
/// it.
bool begins_at_its_end(const Experiment& experiment) {
  Environment environment(experiment.task->make_task(experiment.env),
                          experiment.task->make_simulation(experiment.env));
  const Task& task = environment.task();
  if (!task.terminates()) return false;
  RandomStream random(static_cast<uint64_t>(experiment.run.seed), "first state");
  for (int i = 0; i < kTried; ++i) {
    environment.restart(random);
    if (!task.measured_terminated(environment.measurement()).item<bool>()) return false;
  }
  return true;
}

int run_to_end(Trainer& trainer, int64_t asked, const RunFolder& folder, TrainingView& view) {
  const bool done =
      with_advice(folder, [&] { return trainer.run([] { return stop_signal() != 0; }); });
  if (done) {
    const std::string beyond =
        trainer.env_steps() > asked
            ? fmt::format(" ({} were asked for; they come by whole iterations)", asked)
            : "";
    view.finish(fmt::format("done: {} real steps{}; policy and summary in {}", trainer.env_steps(),
                            beyond, folder.root().string()));
    return 0;
  }
  const std::string stopped = fmt::format("stopped at {} real steps; go on with: {}",
                                          trainer.env_steps(), resume_command(folder.root()));
  if (stop_signal() == SIGPIPE)
    report(fmt::format("nobody reads the output any more: {}", stopped));
  else
    view.finish(stopped);
  return 128 + stop_signal();
}

}  // namespace

int start_run(Experiment& experiment, const std::string& out) {
  require_budget(experiment);
  set_up_process(experiment);
  // What the machine and the task refuse shows before a folder is made.
  parse_device(experiment.run.device);
  EnvironmentPool(*experiment.task, experiment.env, 1, RandomStream());
  experiment.settle_precision();
  const bool ends_at_once = begins_at_its_end(experiment);
  const std::string from = experiment.run.from;
  const NewRun created = create_run(experiment, out);
  const RunFolder& folder = created.folder;
  const auto view = make_view(experiment, folder.root().string());
  std::string taken;
  const auto trainer = with_advice(folder, [&] {
    try {
      auto made = std::make_unique<Trainer>(experiment, folder, *view);
      if (!from.empty()) taken = made->start_from();
      return made;
    } catch (const std::exception& error) {
      // What is asked for can't be had, and nothing has happened in the folder yet.
      if (!dynamic_cast<const UsageError*>(&error) && !is_out_of_memory(error)) throw;
      undo_start(created);
      if (!dynamic_cast<const UsageError*>(&error)) throw UsageError(std::string(out_of_memory));
      throw;
    }
  });
  view->begin(fmt::format("{} on {}, seed {}, {} steps, in {}", experiment.method->name,
                          experiment.task->name, experiment.run.seed, experiment.run.steps,
                          folder.root().string()));
  if (!taken.empty()) view->note(fmt::format("from {}: {}", from, taken));
  if (const std::string varied = words(experiment.env); !varied.empty())
    view->note("varied by " + varied);
  for (const std::string& remark : experiment.agent->remarks()) view->note("warning: " + remark);
  if (!experiment.task->robot.toml.empty() && !carries_robot(folder.root()))
    view->note(
        fmt::format("warning: not all files that {} is made of could be copied into the run's "
                    "folder: it can be resumed only while they stay where and as they are",
                    experiment.task->name));
  if (ends_at_once)
    view->note(
        fmt::format("warning: the {} first states that were tried already end an episode, by what "
                    "the task says is healthy: episodes may last one step",
                    kTried));
  if (!experiment.reward_is_told())
    view->note(experiment.leaves_out_rewards()
                   ? "observations do not tell all of the reward, and the model is not to learn it "
                     "(model.learn_reward): the imagination leaves the rest out"
                   : "observations do not tell all of the reward: the model learns it");
  const auto task = experiment.task->make_task(experiment.env);
  for (const std::string& warning : task->spec().warnings)
    view->note("warning: " + warning);
  if (!experiment.end_is_told())
    view->note(experiment.leaves_out_ends()
                   ? "warning: observations do not tell every end of an episode, and the model is "
                     "not to learn it (model.learn_end): imagined episodes go on where real ones "
                     "end"
                   : "observations do not tell every end of an episode: the model learns it");
  if (const auto first = default_run_name(experiment); out.empty() && folder.root() != first)
    view->note(fmt::format("{} was there already; to go on with that one: {}", first,
                           resume_command(first)));
  return run_to_end(*trainer, experiment.run.steps, folder, *view);
}

int continue_run(Experiment& experiment, const RunFolder& folder, bool rewrite_config) {
  set_up_process(experiment);
  const FolderLock lock(folder.root());
  const auto view = make_view(experiment, folder.root().string());
  Trainer trainer(experiment, folder, *view);
  trainer.resume();
  if (trainer.finished()) {
    const int64_t steps = trainer.env_steps();
    trainer.run([] { return false; });  // completes what a kill at the very end may have left out
    view->note(
        fmt::format("{} is finished, with {} real steps ({} were asked for); to go further: "
                    "{} --steps {}",
                    folder.root().string(), steps, experiment.run.steps,
                    resume_command(folder.root()), 2 * std::max(steps, experiment.run.steps)));
    return 0;
  }
  if (rewrite_config) write_config(folder, experiment);
  view->begin(
      trainer.env_steps() == 0
          ? fmt::format("{} has no checkpoint yet: {} on {} begins again from the start",
                        folder.root().string(), experiment.method->name, experiment.task->name)
          : fmt::format("resuming {} on {} at {} of {} real steps", experiment.method->name,
                        experiment.task->name, trainer.env_steps(), experiment.run.steps));
  return run_to_end(trainer, experiment.run.steps, folder, *view);
}

}  // namespace reverie::cli
