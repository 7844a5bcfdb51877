// Command-line arguments of each command.
#pragma once

#include <reverie/cli/commands.h>

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace reverie::cli {

/// The --set assignments, each split into key and value.
using Sets = std::vector<std::vector<std::string>>;

/// The assignments as given: key=value.
std::vector<std::string> joined(const Sets& assignments);

/// Each adds a command to the program and writes its arguments to the other parameters.
CLI::App* add_train(CLI::App& app, TrainOptions& options);
CLI::App* add_resume(CLI::App& app, ResumeOptions& options);
CLI::App* add_eval(CLI::App& app, EvalOptions& options, Sets& sets);
CLI::App* add_watch(CLI::App& app, WatchOptions& options, Sets& sets);
CLI::App* add_plot(CLI::App& app, PlotOptions& options);
CLI::App* add_bench(CLI::App& app, BenchOptions& options);
CLI::App* add_list(CLI::App& app, ListOptions& options);
CLI::App* add_info(CLI::App& app, std::string& folder);

}  // namespace reverie::cli
