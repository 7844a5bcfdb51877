#include <reverie/cli/session.h>

#include <reverie/cli/report.h>
#include <reverie/cli/views.h>
#include <reverie/core/captured_work.h>
#include <reverie/core/device.h>
#include <reverie/core/error.h>
#include <reverie/core/workers.h>
#include <reverie/envs/first_states.h>
#include <reverie/envs/variations/variations.h>
#include <reverie/runs/checkpoint.h>
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

/// How to go on with a run that ends here; `when`: "", or words before that.
std::string way_on(const RunFolder& folder, std::string_view when) {
  const std::string command = resume_command(folder.root());
  return Checkpoints(folder.checkpoints()).numbers().empty()
             ? fmt::format("there is no checkpoint yet: {}begin again with: {}", when, command)
             : fmt::format("{}go on with: {}", when, command);
}

void say_at_second_stop_what_is_left(const RunFolder& folder) {
  say_at_second_stop(
      [folder] { return fmt::format("reverie: stopped at once; {}", way_on(folder, "")); });
}

// Whatever ends a run, short of what no repetition mends, is one line that says how to go on.
template <class Work>
auto with_advice(const RunFolder& folder, Work work) {
  const auto fail = [&folder] [[noreturn]] (std::string_view what) {
    throw Error(fmt::format("{}; {}", what, way_on(folder, "once that is mended ")));
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

/// Its first digit, then zeros; 1 at least.
int64_t round_number(int64_t most) {
  int64_t unit = 1;
  while (most / unit >= 10) unit *= 10;
  return std::max<int64_t>(1, most / unit * unit);
}

/// A budget that the random steps use up trains nothing by what was learned.
void require_budget(Experiment& experiment) {
  const Settings settings = experiment.settings();
  const Setting* setting = settings.find(experiment.agent->key_of(SettingRole::random_steps));
  if (!setting) return;
  const auto random = std::get<int64_t>(setting->get());
  if (experiment.run.steps < random)
    throw UsageError(
        fmt::format("{} real steps (--steps) end before the {} random ones that {} begins with: "
                    "--steps {}k or more, or --set {}={}",
                    experiment.run.steps, random, experiment.method->name, random / 1000 + 1,
                    setting->key, round_number(experiment.run.steps / 3)));
}

/// See warn_of_first_states.
std::string first_states(const Experiment& experiment) {
  Environment environment(experiment.task->make_task(experiment.env),
                          experiment.task->make_simulation(experiment.env));
  return warn_of_first_states(
      environment, RandomStream(static_cast<uint64_t>(experiment.run.seed), "first state"));
}

int run_to_end(Trainer& trainer, int64_t asked, const RunFolder& folder, TrainingView& view) {
  const bool done =
      with_advice(folder, [&] { return trainer.run([] { return stop_signal() != 0; }); });
  if (done) {
    const std::string beyond =
        trainer.env_steps() > asked
            ? fmt::format(" ({} were asked for; they come by whole iterations)", asked)
            : "";
    const auto evaluations = Store(folder.store(), Store::Access::read).evaluations();
    const std::string result =
        evaluations.empty()
            ? ""
            : fmt::format(
                  "; return {:.1f} \u00b1 {:.1f} (standard error, {} "
                  "episodes, mean actions)",
                  evaluations.back().return_mean,
                  standard_error(evaluations.back().return_std, evaluations.back().episodes),
                  evaluations.back().episodes);
    view.finish(fmt::format("done: {} real steps{}{}; policy and summary in {}",
                            trainer.env_steps(), beyond, result, folder.root().string()));
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
  const std::string ends_at_once = first_states(experiment);
  const std::string from = experiment.run.from;
  const NewRun created = create_run(experiment, out);
  const RunFolder& folder = created.folder;
  say_at_second_stop_what_is_left(folder);
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
  // What is paid for, and when an episode ends: worth reading before hours of it.
  const auto task = experiment.task->make_task(experiment.env);
  view->note(fmt::format("{}: {}", experiment.task->name, task->spec().description));
  view->begin(fmt::format("{} on {}, seed {}, {} steps, in {}", experiment.method->name,
                          experiment.task->name, experiment.run.seed, experiment.run.steps,
                          folder.root().string()));
  if (!taken.empty()) view->note(fmt::format("from {}: {}", from, taken));
  if (const std::string varied = words(experiment.env); !varied.empty())
    view->note("varied by " + varied);
  for (const std::string& remark : experiment.agent->remarks()) view->note("warning: " + remark);
  if (const std::string changed = original_has_changed(*experiment.task); !changed.empty())
    view->note("warning: " + changed);
  if (!experiment.task->robot.toml.empty() && !carries_robot(folder.root()))
    view->note(
        fmt::format("warning: not all files that {} is made of could be copied into the run's "
                    "folder: it can be resumed only while they stay where and as they are",
                    experiment.task->name));
  if (!ends_at_once.empty()) view->note("warning: " + ends_at_once);
  if (!experiment.reward_is_told())
    view->note(experiment.leaves_out_rewards()
                   ? fmt::format("observations do not tell all of the reward, and the model is not "
                                 "to learn it ({}): the imagination leaves the rest out",
                                 experiment.agent->key_of(SettingRole::learn_reward))
                   : "observations do not tell all of the reward: the model learns it");
  for (const std::string& warning : task->spec().warnings) view->note("warning: " + warning);
  if (!experiment.end_is_told())
    view->note(experiment.leaves_out_ends()
                   ? fmt::format("warning: observations do not tell every end of an episode, and "
                                 "the model is not to learn it ({}): imagined episodes go on where "
                                 "real ones end",
                                 experiment.agent->key_of(SettingRole::learn_end))
                   : "observations do not tell every end of an episode: the model learns it");
  if (const auto first = default_run_name(experiment); out.empty() && folder.root() != first)
    view->note(fmt::format("{} was there already; to go on with that one: {}", first,
                           resume_command(first)));
  return run_to_end(*trainer, experiment.run.steps, folder, *view);
}

int continue_run(Experiment& experiment, const RunFolder& folder, bool rewrite_config) {
  set_up_process(experiment);
  const FolderLock lock(folder.root());
  say_at_second_stop_what_is_left(folder);
  const auto view = make_view(experiment, folder.root().string());
  Trainer trainer(experiment, folder, *view);
  trainer.resume();
  if (trainer.finished()) {
    const int64_t steps = trainer.env_steps();
    trainer.run([] { return false; });  // completes what a kill at the very end may have left out
    view->note(fmt::format(
        "{}; to go further: {} --steps {}",
        rewrite_config && steps > experiment.run.steps
            ? fmt::format("{} already has {} real steps, which is more than {}: nothing is left "
                          "to do",
                          folder.root().string(), steps, experiment.run.steps)
            : fmt::format("{} is finished, with {} real steps", folder.root().string(), steps),
        resume_command(folder.root()), 2 * std::max(steps, experiment.run.steps)));
    return 0;
  }
  if (rewrite_config) write_config(folder, experiment);
  view->begin(trainer.env_steps() == 0
                  ? fmt::format("{} has no checkpoint yet: {} on {} begins again from the start",
                                folder.root().string(), experiment.method->name,
                                experiment.task->name)
                  : fmt::format("resuming {} on {}{} at {} of {} real steps",
                                experiment.method->name, experiment.task->name,
                                experiment.task->robot.toml.empty() ? "" : " (the run's copy)",
                                trainer.env_steps(), experiment.run.steps));
  return run_to_end(trainer, experiment.run.steps, folder, *view);
}

}  // namespace reverie::cli
