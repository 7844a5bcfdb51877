// The command line. The only file that reads CLI11's header, which is slow to compile.
#include <reverie/cli/commands.h>
#include <reverie/cli/report.h>
#include <reverie/core/error.h>
#include <reverie/core/settings.h>
#include <reverie/runs/run_folder.h>

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <initializer_list>

namespace reverie::cli {
namespace {

constexpr const char* kCommands[] = {"train", "resume", "eval",  "watch", "plot",
                                     "list",  "info",   "bench", "help"};

constexpr const char* kFooter = R"(
Examples (each command has more: reverie COMMAND --help):
  reverie train mb-mpo rllib/half-cheetah
  reverie resume runs/mb-mpo-rllib-half-cheetah-s1
  reverie eval runs/mb-mpo-rllib-half-cheetah-s1
  reverie watch --policy runs/mb-mpo-rllib-half-cheetah-s1 --video run.mp4
  reverie plot runs/* --out runs.svg

Step counts read 200000, 200k, 1e6 or 1M.
Ctrl-C, SIGTERM or a terminal that closes finishes the phase under way, writes a checkpoint and says
how to resume; a second one stops at once, and loses only what came after the last checkpoint.
Exit codes: 0 done, 1 an error, 2 wrong usage, 3 NaN or infinity; stopped by Ctrl-C 130, by SIGTERM
143, by a terminal that closed 129, by a reader that has gone (| head) 141.)";

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

void add_set(CLI::App& command, std::vector<std::vector<std::string>>& assignments,
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

/// What add_set has taken apart, as it was given.
std::vector<std::string> joined(const std::vector<std::vector<std::string>>& assignments) {
  std::vector<std::string> sets;
  for (const auto& one : assignments) sets.push_back(one[0] + "=" + one[1]);
  return sets;
}

CLI::App* add_eval(CLI::App& app, EvalOptions& options,
                   std::vector<std::vector<std::string>>& sets) {
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

CLI::App* add_watch(CLI::App& app, WatchOptions& options,
                    std::vector<std::vector<std::string>>& sets) {
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
  add_examples(*command, {"--threads 1", "environments", "imagination fit --precision bf16x3"});
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

bool is_command(std::string_view word) {
  for (const char* command : kCommands)
    if (word == command) return true;
  return false;
}

// Libraries add source positions and stack traces after their first line.
std::string_view first_line(std::string_view text) {
  return text.substr(0, text.find('\n'));
}

/// What is left over of a command's arguments: an option that there isn't, or too many words.
std::string explain_extras(const CLI::App& command) {
  std::vector<std::string> words = command.remaining(), names;
  for (std::string& word : words) {
    if (!word.starts_with('-')) continue;
    for (const CLI::Option* option : command.get_options())
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    word.erase(std::min(word.find('='), word.size()));
    return fmt::format("there is no option {}{}", word, did_you_mean(word, names));
  }
  return fmt::format("{} takes no more words: what is '{}'?", command.get_name(),
                     fmt::join(words, " "));
}

/// What CLI11 has to say, in our words where its own are no help.
std::string explain(const CLI::ParseError& error, const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  if (dynamic_cast<const CLI::ExtrasError*>(&error))
    return explain_extras(parsed.empty() ? app : *parsed.front());
  const std::string said = error.what();
  if (const size_t colon = said.find(": 1 required"); colon != said.npos)
    return said.substr(0, colon) + " needs a value";
  return said;
}

int dispatch(int argc, char** argv) {
  CLI::App app("Reverie: agents that learn a model of the world and practise in its imagination.",
               "reverie");
  app.set_version_flag("--version", "reverie " REVERIE_VERSION);
  app.set_help_flag("-h,--help", "Show this help, or that of a command");
  app.require_subcommand(0, 1);
  app.footer(kFooter);
  app.get_formatter()->column_width(34);

  TrainOptions train_options;
  ResumeOptions resume_options;
  EvalOptions eval_options;
  BenchOptions bench_options;
  WatchOptions watch_options;
  std::vector<std::vector<std::string>> eval_sets, watch_sets;
  PlotOptions plot_options;
  ListOptions list_options;
  std::string info_folder;
  auto* train_command = add_train(app, train_options);
  auto* resume_command = add_resume(app, resume_options);
  auto* eval_command = add_eval(app, eval_options, eval_sets);
  auto* watch_command = add_watch(app, watch_options, watch_sets);
  auto* plot_command = add_plot(app, plot_options);
  auto* bench_command = add_bench(app, bench_options);
  auto* list_command = add_list(app, list_options);
  auto* info_command = app.add_subcommand(
      "info", "Tell of a run, of a robot of your own, or of this program and machine");
  info_command
      ->add_option("DIR", info_folder, "A run's folder, or the .toml of a robot of your own")
      ->type_name("");
  add_examples(*info_command, {"", "runs/mb-mpo-rllib-half-cheetah-s1", "my_robot.toml"});

  if (argc > 1 && argv[1][0] != '-' && !is_command(argv[1]))
    throw UsageError(
        fmt::format("unknown command '{}'{}", argv[1],
                    did_you_mean(argv[1], {std::begin(kCommands), std::end(kCommands)})));
  if (argc <= 1 || std::strcmp(argv[1], "help") == 0) {
    fmt::print("{}", app.help());
    return 0;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    // All settings first, and the examples: what fits on the screen at last are the options.
    if (train_command->parsed()) {
      try {
        fmt::print("{}\n", describe_settings(request_of(train_options)));
      } catch (const Error& error) {  // who asks for help gets it, whatever stands beside
        report(first_line(error.what()));
      }
      fmt::print("{}\n\n", train_command->get_footer().substr(1));
      train_command->footer("");
    }
    return app.exit(help);
  } catch (const CLI::Success& success) {
    return app.exit(success);  // --version
  } catch (const CLI::ParseError& error) {
    const std::string command = is_command(argv[1]) ? fmt::format(" {}", argv[1]) : "";
    throw UsageError(
        fmt::format("{}; see: {}{} --help", explain(error, app), program_name(), command));
  }
  if (*train_command) return train(train_options);
  if (*resume_command) return resume(resume_options);
  if (*eval_command) {
    eval_options.sets = joined(eval_sets);
    return evaluate_run(eval_options);
  }
  if (*watch_command) {
    watch_options.sets = joined(watch_sets);
    return watch(watch_options);
  }
  if (*plot_command) return plot(plot_options);
  if (*list_command) return list(list_options);
  if (*bench_command) return bench(bench_options);
  if (*info_command) return info(info_folder);
  fmt::print("{}", app.help());
  return 0;
}

/// What did not arrive was not done: a script would take an empty file for an answer.
int output_lost(int reason) {
  if (reason == EPIPE) return 128 + SIGPIPE;  // the reader has read enough: `| head`
  report(fmt::format("cannot write to standard output: {}", std::strerror(reason)));
  return 1;
}

}  // namespace

int run_program(int argc, char** argv) {
  open_standard_descriptors();
  try {
    const int code = dispatch(argc, argv);
    if (code != 0) return code;
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
    return output_lost(errno);
  } catch (const Error& error) {
    report(first_line(error.what()));
    return error.exit_code();
  } catch (const std::system_error& error) {
    if (std::ferror(stdout) != 0) return output_lost(error.code().value());  // fmt::print's
    report(first_line(error.what()));
  } catch (const std::exception& error) {
    report(is_out_of_memory(error) ? out_of_memory : first_line(error.what()));
  }
  return 1;
}

}  // namespace reverie::cli
