// The commands of the program, one file each. `run_program` prints what they throw as one line.
#pragma once

#include <reverie/nn/kernels/precision.h>
#include <reverie/runs/experiment.h>

#include <string>
#include <utility>
#include <vector>

namespace reverie::cli {

struct TrainOptions {
  std::string method, task;
  std::string preset;  ///< Empty: the file's, or "default".
  std::string config_file;
  std::string out;
  /// Flags and --set in the order given: key, value, name of the flag.
  std::vector<std::vector<std::string>> assignments;
  bool print_config = false;
};

struct ResumeOptions {
  std::string folder;
  std::string steps;    ///< Empty: the run's budget.
  std::string threads;  ///< Empty: as before.
  std::string device;   ///< Empty: as before.
};

struct EvalOptions {
  std::string folder;
  int64_t episodes = 100;
  int64_t seed = 1;
  int64_t adapt = 0;            ///< Policy-gradient steps on real rollouts; 0: none.
  int64_t adapt_episodes = 20;  ///< Real episodes per such step.
  bool stochastic = false;
  bool json = false;
  bool save = false;    ///< Keep the adapted policy in the run's folder,
  std::string save_to;  ///< or in this file; empty: not in a file.
  std::vector<std::string> sets;
};

struct WatchOptions {
  std::string task;     ///< Empty: the run's.
  std::string policy;   ///< A run's folder; empty: random actions.
  std::string video;    ///< File to write; empty: none.
  std::string picture;  ///< Likewise.
  int64_t at = 0;       ///< Steps before the picture is taken.
  int64_t episodes = 1;
  double seconds = 0;       ///< Maximum length of the video; 0: whole episodes.
  int64_t frame_rate = 30;  ///< Maximum frames per second.
  int64_t size = 480;       ///< Pixels, width and height.
  int64_t seed = 1;
  std::vector<std::string> sets;
};

struct PlotOptions {
  std::vector<std::string> runs;  ///< Their folders.
  std::string out = "runs.svg";
  std::string title;                   ///< Empty: the task's name.
  std::string metric = "return/real";  ///< Of the upper panel.
  int64_t window = 5000;               ///< Real steps averaged per point.
  std::vector<std::string> labels;     ///< One per group of runs; none: from the settings.
  std::vector<std::string> published;  ///< "NAME:VALUE"
};

struct ListOptions {
  std::string what;  ///< "methods", "tasks", "settings"; empty: the first two.
  std::string name;  ///< For settings: the method; for tasks: a prefix of their names.
  std::string task;  ///< For settings: the task.
  std::string preset;
  bool json = false;
};

struct BenchOptions {
  std::vector<std::string> kernels;  ///< Substrings of the names to run; empty: all.
  int64_t threads = 0;               ///< 0: one per usable processor.
  Precision precision = Precision::automatic;
  bool json = false;
};

// Each returns the process's exit code.
int train(const TrainOptions& options);
int resume(const ResumeOptions& options);
int evaluate_run(const EvalOptions& options);
int watch(const WatchOptions& options);
int plot(const PlotOptions& options);
int list(const ListOptions& options);
int info(const std::string& folder);
int bench(const BenchOptions& options);

/// Every setting of the requested experiment with documentation, type, range and value, for the
/// terminal; without a task, with the preset's general values and those for single tasks.
std::string describe_settings(const ExperimentRequest& request);

/// The experiment requested by the arguments of `train`.
ExperimentRequest request_of(const TrainOptions& options);

/// The whole program: parses, runs a command, turns exceptions into one line and an exit code.
int run_program(int argc, char** argv);

}  // namespace reverie::cli
