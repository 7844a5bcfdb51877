// What is to be run: a method on a task, with every setting resolved.
#pragma once

#include <reverie/agents/agent.h>
#include <reverie/runs/run_config.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace reverie {

/// The preset of whoever names none, where a method has any.
inline constexpr const char* kDefaultPreset = "default";
/// No preset: what is not said has the built-in value.
inline constexpr const char* kNoPreset = "none";

/// A method, a task and all their settings: the method's own at the top level, `env.…`, `run.…`.
/// The preset stays named, for settings that a file leaves out. `to_toml` of one and
/// `read_experiment` of the other give the same experiment.
struct Experiment {
  Experiment(const AgentEntry& method, const TaskEntry& task, std::string preset)
      : method(&method), task(&task), preset(std::move(preset)), agent(method.make_config()) {}

  const AgentEntry* method;
  const TaskEntry* task;
  std::string preset;
  std::unique_ptr<AgentConfig> agent;
  EnvConfig env;
  RunConfig run;

  /// Refers to this experiment's members: use it up before moving the experiment.
  Settings settings();
  std::string to_toml(bool with_docs);

  /// Puts what it stands for here in place of a precision's `auto`: a run goes on with that on
  /// whatever chip.
  void settle_precision();

  /// Task::reward_is_told, of the task as it is varied.
  bool reward_is_told() const;
  /// Likewise Task::end_is_told.
  bool end_is_told() const;
  /// Whether a model is neither told all of the reward nor learns it; the same of the end.
  bool leaves_out_rewards();
  bool leaves_out_ends();
};

/// How a person asks for an experiment. Later ones win: the defaults of the code, the preset (and
/// what it says of this task), the file, then the assignments in order.
struct ExperimentRequest {
  std::string method = {}, task = {};  ///< May be empty where the file names them.
  std::string preset = {};             ///< A table of presets/<method>.toml, or kNoPreset; empty:
                                       ///< the file's or the default.
  std::string config_file = {};        ///< Empty: none.
  std::string config_text = {};        ///< What it says, once it was read: a pipe gives it once.
  struct Flag {
    std::string key, value, where;  ///< "run.steps", "200k", "--steps"
  };
  std::vector<Flag> flags = {};
  /// Whether what is not said has its default even where the task would have another, as a run's
  /// file of an earlier version wants it.
  bool as_it_is = false;
};

/// What a person evidently meant: where a lone METHOD is a task, it is the task; `config_file` may
/// be a run's folder, or the name of one in runs/. Throws UsageError for a robot's file among the
/// settings.
ExperimentRequest understood(ExperimentRequest request);

/// Throws UsageError for anything unknown or out of range, naming the nearest.
Experiment resolve(const ExperimentRequest& request);

/// The experiment of a run's config.toml. Throws Error or UsageError naming the file.
Experiment read_experiment(const std::filesystem::path& config_file);

/// Gives settings the values of a method's preset: its own, then what it says of this task.
void apply_preset(Settings& settings, const std::string& preset, const std::string& method,
                  const std::string& task);

/// What a preset says of single tasks alone.
struct TaskOverride {
  std::string task, key;
  SettingValue value;
};
std::vector<TaskOverride> task_overrides(const std::string& preset, const std::string& method);

/// The presets a method has, "default" first where there is one.
std::vector<std::string> preset_names(const std::string& method);

}  // namespace reverie
