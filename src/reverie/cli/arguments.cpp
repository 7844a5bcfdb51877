#include <reverie/cli/arguments.h>

#include <reverie/core/error.h>
#include <reverie/core/settings.h>

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <initializer_list>

namespace reverie::cli {
namespace {

void add_examples(CLI::App& command, std::initializer_list<const char*> lines) {
  std::string text = "\nExamples:";
  for (const char* line : lines) text += fmt::format("\n  reverie {} {}", command.get_name(), line);
  command.footer(text);
}

// A flag that is shorthand for a setting; kept in order with --set, so that the last one wins.
void add_shorthand(CLI::App& command, TrainOptions& options, const std::string& flag,
                   const std::string& key, const std::string& type, const std::string& doc) {
  command
      .add_option_function<std::string>(
          flag,
          [&options, flag, key](const std::string& value) {
            options.assignments.push_back({key, value, flag});
          },
          doc + " (= --set " + key + "=" + type + ")")
      ->type_name(type)
      ->trigger_on_parse();
}

void add_set(CLI::App& command, Sets& assignments,
             const char* help = "Any setting of those above; may be repeated") {
  command
      .add_option_function<std::string>(
          "--set",
          [&assignments](const std::string& given) {
            const size_t equals = given.find('=');
            if (equals == std::string::npos || equals == 0)
              throw UsageError(fmt::format("--set takes KEY=VALUE, not '{}'", given));
            assignments.push_back({given.substr(0, equals), given.substr(equals + 1), "--set"});
          },
          help)
      ->type_name("KEY=VALUE")
      ->trigger_on_parse();
}

/// An option whose value is read, checked and refused as a setting's is.
template <class T>
void add_value(CLI::App& command, const std::string& flag, T& value, const std::string& type,
               const std::string& doc, Range range) {
  const std::string otherwise =
      doc.find("(default") != doc.npos ? "" : fmt::format(" (default: {})", value);
  command
      .add_option_function<std::string>(
          flag,
          [&value, flag, range, name = command.get_name()](const std::string& given) {
            T read = std::max(value, static_cast<T>(range.low));  // an example that it takes
            Settings settings;
            settings.add(flag, read, "", range);
            settings.assign(flag, std::string_view(given), name);
            value = read;
          },
          doc + otherwise)
      ->type_name(type);
}

/// An option that may be repeated.
void add_repeated(CLI::App& command, const std::string& flag, std::vector<std::string>& values,
                  const std::string& type, const std::string& doc) {
  command
      .add_option_function<std::string>(
          flag, [&values](const std::string& given) { values.push_back(given); },
          doc + "; may be repeated")
      ->type_name(type)
      ->trigger_on_parse();
}

}  // namespace

std::vector<std::string> joined(const Sets& assignments) {
  std::vector<std::string> sets;
  for (const auto& one : assignments) sets.push_back(one[0] + "=" + one[1]);
  return sets;
}

CLI::App* add_train(CLI::App& app, TrainOptions& options) {
  auto* command = app.add_subcommand("train", "Train a method on a task");
  command->add_option("METHOD", options.method, "default: mb-mpo (see: reverie list methods)")
      ->type_name("");
  command->add_option("TASK", options.task, "a name (reverie list tasks), or a robot's .toml")
      ->type_name("");
  command->add_option("--preset", options.preset, "Published or own settings by name")
      ->type_name("NAME");
  command->add_option("--config", options.config_file, "Settings of a file, or of a run")
      ->type_name("FILE");
  add_shorthand(*command, options, "--steps", "run.steps", "COUNT", "Real steps in all");
  add_shorthand(*command, options, "--seed", "run.seed", "N", "Of all random streams");
  add_shorthand(*command, options, "--threads", "run.threads", "N", "Worker threads");
  add_shorthand(*command, options, "--device", "run.device", "NAME", "cpu, cuda, cuda:1");
  add_shorthand(*command, options, "--from", "run.from", "DIR", "A run to start from");
  add_set(*command, options.assignments);
  command->add_option("--out", options.out, "Its folder (default: runs/METHOD-TASK-sSEED)")
      ->type_name("DIR");
  command->add_flag("--print-config", options.print_config,
                    "Print all settings as TOML; train nothing");
  add_examples(*command,
               {"mb-mpo rllib/half-cheetah",
                "mb-mpo classic/pendulum --steps 20k --seed 3 --set run.eval_every=1",
                "mb-mpo my_robot.toml --set model.hidden=[128,128]",
                "mb-mpo rllib/hopper --preset rllib --print-config > my.toml",
                "--config runs/mb-mpo-classic-pendulum-s1 --seed 2",
                "mb-mpo gym/hopper --from runs/mb-mpo-gym-hopper-s1 --set env.mass_scale=1.3",
                "mb-mpo rllib/hopper --help        # with that task's values"});
  return command;
}

CLI::App* add_resume(CLI::App& app, ResumeOptions& options) {
  auto* command =
      app.add_subcommand("resume", "Go on with a run where its last checkpoint left it");
  command->add_option("DIR", options.folder, "The run's folder")->required()->type_name("");
  command->add_option("--steps", options.steps, "Go on to this many real steps")
      ->type_name("COUNT");
  command->add_option("--threads", options.threads, "Worker threads")->type_name("N");
  command->add_option("--device", options.device, "cpu, cuda, cuda:1, ...")->type_name("NAME");
  add_examples(*command, {"runs/mb-mpo-rllib-half-cheetah-s1",
                          "mb-mpo-rllib-half-cheetah-s1 --steps 200k   # in runs/; goes further"});
  return command;
}

CLI::App* add_eval(CLI::App& app, EvalOptions& options, Sets& sets) {
  auto* command = app.add_subcommand("eval", "Measure a run's policy on fresh episodes");
  command->add_option("DIR", options.folder, "The run's folder")->required()->type_name("");
  add_value(*command, "--episodes", options.episodes, "N", "Episodes", between(1, 1e6));
  add_value(*command, "--seed", options.seed, "N", "Of the initial states and the noise",
            between(0, 1e15));
  command->add_flag("--stochastic", options.stochastic, "Sample actions rather than take the mean");
  add_value(*command, "--adapt", options.adapt, "K",
            "Policy-gradient steps on real rollouts; reports the return before and after (default: "
            "none)",
            between(0, 1000));
  add_value(*command, "--adapt-episodes", options.adapt_episodes, "N",
            "Real episodes for each such step", between(1, 10'000));
  command->add_flag("--save", options.save,
                    "With --adapt: keep the adapted policy, as policy-adapted.pt in the run's "
                    "folder");
  command->add_option("--save-to", options.save_to, "With --adapt: keep it in this file")
      ->type_name("FILE");
  command->add_flag("--json", options.json, "Print one JSON object");
  add_set(*command, sets,
          "A variation, env.… (docs/variations.md), or how it adapts; may be repeated");
  add_examples(*command,
               {"runs/mb-mpo-rllib-half-cheetah-s1 --episodes 500",
                "mb-mpo-rllib-half-cheetah-s1 --set env.mass_scale=1.5   # in runs/; heavier",
                "mb-mpo-rllib-half-cheetah-s1 --adapt 1 --set env.mass_scale=1.5 --save"});
  return command;
}

CLI::App* add_watch(CLI::App& app, WatchOptions& options, Sets& sets) {
  auto* command = app.add_subcommand("watch", "Draw a task, or a run's policy on it, as a video");
  command
      ->add_option("TASK", options.task,
                   "see: reverie list tasks; or the .toml of a robot of your own (default: the "
                   "run's)")
      ->type_name("");
  command->add_option("--policy", options.policy, "A run's folder (default: random actions)")
      ->type_name("DIR");
  command
      ->add_option("--video", options.video,
                   "Write this .mp4; without the program ffmpeg, a folder of PNG frames")
      ->type_name("FILE");
  command->add_option("--picture", options.picture, "Write one picture, a .png")->type_name("FILE");
  add_value(*command, "--at", options.at, "N", "Steps before the picture is taken",
            between(0, 1e6));
  add_value(*command, "--episodes", options.episodes, "N", "Episodes in the video",
            between(1, 10'000));
  add_value(*command, "--seconds", options.seconds, "S",
            "Ends the video after so long (default: never)", between(0.001, 1e6));
  add_value(*command, "--fps", options.frame_rate, "N",
            "Frames per second at most; it plays in real time all the same", between(1, 240));
  add_value(*command, "--size", options.size, "N", "Pixels, width and height", between(16, 4096));
  add_value(*command, "--seed", options.seed, "N", "Of the initial states and the random actions",
            between(0, 1e15));
  add_set(*command, sets, "A variation, env.… (docs/variations.md); may be repeated");
  add_examples(*command, {"gym/ant --picture ant.png",
                          "--policy runs/mb-mpo-rllib-half-cheetah-s1 --video run.mp4",
                          "my_robot.toml --video random.mp4 --seconds 10"});
  return command;
}

CLI::App* add_plot(CLI::App& app, PlotOptions& options) {
  auto* command = app.add_subcommand(
      "plot", "Draw runs' returns against real steps, and what their models made of them");
  command
      ->add_option("RUN", options.runs,
                   "The runs' folders; those that differ by their seed alone are one curve")
      ->required()
      ->type_name("");
  command->add_option("--out", options.out, "Write this .svg (default: runs.svg)")
      ->type_name("FILE");
  add_value(*command, "--window", options.window, "N",
            "Real steps up to a point whose episodes it is the mean of", between(1, 1e12));
  command
      ->add_option("--metric", options.metric,
                   "The figure drawn above, a name of docs/architecture.md (default: return/real)")
      ->type_name("NAME");
  add_repeated(*command, "--label", options.labels, "NAME",
               "Name of a curve, in the order of the runs (default: what settings differ)");
  add_repeated(*command, "--published", options.published, "NAME:VALUE",
               "A dashed line at somebody else's value");
  command->add_option("--title", options.title, "Above all (default: the task's name)")
      ->type_name("NAME");
  add_examples(*command, {"runs/*", "runs/me-trpo-* runs/trpo-* --out me-trpo.svg",
                          "runs/me-trpo-* --metric model/new_data_error --window 1",
                          "runs/mb-mpo-* --label 'ours' --published 'original code:550'"});
  return command;
}

CLI::App* add_bench(CLI::App& app, BenchOptions& options) {
  auto* command = app.add_subcommand(
      "bench", "Measure the kernels and the real environments beside this machine's own peak");
  command
      ->add_option("KERNEL", options.kernels,
                   "Parts of the names of those to run, \"environments\" among them (default: all)")
      ->type_name("");
  add_value(*command, "--threads", options.threads, "N",
            "Worker threads (default: one for each usable processor)", between(1, 1024));
  command
      ->add_option_function<std::string>(
          "--precision",
          [&options](const std::string& name) {
            Settings settings;
            settings.add("precision", options.precision, "");
            settings.assign("precision", std::string_view(name), "--precision");
          },
          fmt::format("Of imagination and fit: {}", fmt::join(setting_names(Precision{}), ", ")))
      ->type_name("NAME");
  command->add_flag("--json", options.json, "Print one JSON array");
  add_examples(*command, {"--threads 1", "environments", "imagine fit --precision bf16x3"});
  return command;
}

CLI::App* add_list(CLI::App& app, ListOptions& options) {
  auto* command = app.add_subcommand("list", "List methods, tasks, or a method's settings");
  command->add_option("WHAT", options.what, "methods, tasks or settings (default: the first two)")
      ->type_name("");
  command
      ->add_option("NAME", options.name,
                   "For settings: of which method; for tasks: how their names begin, say gym/")
      ->type_name("");
  command->add_option("TASK", options.task, "For settings: with the values on this task")
      ->type_name("");
  command->add_option("--preset", options.preset, "For settings: with this preset's values")
      ->type_name("NAME");
  command->add_flag("--json", options.json, "For tasks: print one JSON array");
  add_examples(*command, {"tasks gym/", "settings mb-mpo",
                          "settings mb-mpo classic/pendulum --preset rllib"});
  return command;
}

CLI::App* add_info(CLI::App& app, std::string& folder) {
  auto* command = app.add_subcommand(
      "info", "Tell of a run, of a robot of your own, or of this program and machine");
  command->add_option("DIR", folder, "A run's folder, or the .toml of a robot of your own")
      ->type_name("");
  add_examples(*command, {"", "runs/mb-mpo-rllib-half-cheetah-s1", "my_robot.toml"});
  return command;
}

}  // namespace reverie::cli
