// An experiment: a method on a task, with every setting resolved.
#pragma once

#include <reverie/agents/agent.h>
#include <reverie/envs/task_entry.h>
#include <reverie/runs/run_config.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace reverie {

/// The preset used where none is named, if the method has one of this name.
inline constexpr const char* kDefaultPreset = "default";
/// No preset: settings not given have their built-in values.
inline constexpr const char* kNoPreset = "none";

/// A method, a task and all their settings: the method's own at the top level, `env.…`, `run.…`.
/// Keeps the preset's name, for settings that a file leaves out. `read_experiment` of what
/// `to_toml` writes gives the same experiment.
struct Experiment {
  Experiment(const AgentEntry& method, const TaskEntry& task, std::string preset)
      : method(&method), task(&task), preset(std::move(preset)), agent(method.make_config()) {}

  const AgentEntry* method;
  const TaskEntry* task;
  std::string preset;
  std::unique_ptr<AgentConfig> agent;
  EnvConfig env;
  RunConfig run;

  /// Refers to this experiment's members: don't use it after moving the experiment.
  Settings settings();
  std::string to_toml(bool with_docs);

  /// Replaces a precision of `auto` by what it resolves to on this machine: a run resumes with that
  /// precision on any chip.
  void settle_precision();

  /// Task::reward_is_told of the task with its variations.
  bool reward_is_told() const;
  /// The same for Task::end_is_told.
  bool end_is_told() const;
  /// Whether the model neither learns the reward nor is given all of it; likewise the end.
  bool leaves_out_rewards();
  bool leaves_out_ends();
};

/// An experiment as the user requests it. Later sources win: defaults in the code, the preset (its
/// general values, then those for this task), the file, then the flags in order.
struct ExperimentRequest {
  std::string method = {}, task = {};  ///< May be empty where the file names them.
  std::string preset = {};             ///< A table of presets/<method>.toml, or kNoPreset; empty:
                                       ///< the file's or the default.
  std::string config_file = {};        ///< Empty: none.
  std::string config_text = {};        ///< Its contents, once read: a pipe can be read only once.
  struct Flag {
    std::string key, value, where;  ///< "run.steps", "200k", "--steps"
  };
  std::vector<Flag> flags = {};
  /// Whether settings not given keep their defaults even where the task would choose others, as the
  /// config file of an earlier version's run requires.
  bool as_it_is = false;
};

/// Interprets a request as evidently meant: a lone METHOD that names a task is taken as the task;
/// `config_file` may be a run's folder, or the name of one in runs/. Throws UsageError where the
/// file describes a robot rather than settings.
ExperimentRequest understood(ExperimentRequest request);

/// Resolves a request. Throws UsageError for anything unknown or out of range, naming the nearest.
Experiment resolve(const ExperimentRequest& request);

/// Reads the experiment from a run's config.toml. Throws Error or UsageError naming the file.
Experiment read_experiment(const std::filesystem::path& config_file);

/// Applies a method's preset: its general values, then those for this task.
void apply_preset(Settings& settings, const std::string& preset, const std::string& method,
                  const std::string& task);

/// A value that a preset sets for one task only.
struct TaskOverride {
  std::string task, key;
  SettingValue value;
};
std::vector<TaskOverride> task_overrides(const std::string& preset, const std::string& method);

/// The names of a method's presets, "default" first where there is one.
std::vector<std::string> preset_names(const std::string& method);

}  // namespace reverie
