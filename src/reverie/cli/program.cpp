// The whole program. It and arguments.cpp alone read CLI11's header, which is slow to compile.
#include <reverie/cli/arguments.h>
#include <reverie/cli/report.h>
#include <reverie/core/error.h>
#include <reverie/runs/run_folder.h>

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

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
  Sets eval_sets, watch_sets;
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
  auto* info_command = add_info(app, info_folder);

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
    const bool asks_of_one = !train_options.method.empty() || !train_options.task.empty() ||
                             !train_options.config_file.empty();
    if (train_command->parsed() && !asks_of_one) {
      fmt::print(
          "{}\nThe settings of a method: {} train METHOD --help, or {} list settings METHOD\n",
          train_command->help(), program_name(), program_name());
      return 0;
    }
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
