#include <reverie/cli/commands.h>
#include <reverie/core/error.h>
#include <reverie/core/json.h>
#include <reverie/envs/suites/registry.h>
#include <reverie/runs/experiment.h>
#include <reverie/runs/files.h>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace reverie::cli {
namespace {

std::string describe(const Setting& setting, const std::vector<TaskOverride>& overrides) {
  std::string text =
      fmt::format("  {} = {}\n      {}", setting.key, format_value(setting.get()), setting.doc);
  text += setting.choices.empty() ? fmt::format("; {}", setting.accepts())
                                  : fmt::format("; one of {}", fmt::join(setting.choices, ", "));
  for (const auto& one : overrides)
    if (one.key == setting.key)
      text += fmt::format("\n      on {}: {}", one.task, format_value(one.value));
  return text + "\n";
}

std::string describe_all(const Settings& settings, const std::vector<TaskOverride>& overrides) {
  std::string text, group;
  for (const auto& setting : settings.list()) {
    const std::string begin = setting.key.substr(0, setting.key.find('.') + 1);
    const bool shared = begin == "env." || begin == "run.";
    if (shared && begin != group)
      text += begin == "env." ? "\nSettings of the task:\n" : "\nSettings of the run:\n";
    group = begin;
    text += describe(setting, overrides);
  }
  return text;
}

/// Whatever the task; what the preset says of single tasks stands beside it.
std::string describe_method(const AgentEntry& entry, const std::string& asked) {
  const std::string preset = asked.empty() ? kDefaultPreset : asked;
  const auto config = entry.make_config();
  EnvConfig env;
  RunConfig run;
  Settings settings;
  config->describe(settings);
  settings.group("env", env);
  settings.group("run", run);
  apply_preset(settings, preset, entry.name, "");
  return fmt::format(
             "Settings of {}, with the values of preset \"{}\" (it has {}; \"{}\": the "
             "built-in values); a TASK's own with: list settings {} TASK\n",
             entry.name, preset, fmt::join(preset_names(entry.name), ", "), kNoPreset, entry.name) +
         describe_all(settings, task_overrides(preset, entry.name));
}

void list_methods() {
  fmt::print("methods:\n");
  for (const auto& entry : all_agents())
    fmt::print("  {:<24}{}\n  {:<24}presets: {}\n", entry.name, entry.summary, "",
               fmt::join(preset_names(entry.name), ", "));
}

/// The tasks whose names begin with `start`. Throws UsageError where there are none.
std::vector<TaskSpec> tasks_of(const std::string& start) {
  std::vector<TaskSpec> found;
  std::vector<std::string> names;
  for (const auto& entry : all_tasks()) {
    const std::string suite = entry.name.substr(0, entry.name.find('/'));
    if (names.empty() || !names.back().starts_with(suite + "/")) names.push_back(suite);
    names.push_back(entry.name);
    if (entry.name.starts_with(start)) found.push_back(entry.spec());
  }
  if (found.empty())
    throw UsageError(
        fmt::format("no task's name begins with '{}'{}", start, did_you_mean(start, names)));
  return found;
}

void list_tasks(const std::string& start) {
  const auto tasks = tasks_of(start);
  fmt::print("tasks:\n");
  for (const TaskSpec& spec : tasks) {
    fmt::print("  {:<30}{}\n  {:<30}observation {}, action {}, horizon {}; {}\n", spec.name,
               spec.description, "", spec.observation_size, spec.action_size(), spec.horizon,
               spec.source);
  }
}

void list_tasks_json(const std::string& start) {
  Json json = Json::array();
  for (const TaskSpec& spec : tasks_of(start))
    json.push_back({{"name", spec.name},
                    {"observation_size", spec.observation_size},
                    {"action_size", spec.action_size()},
                    {"horizon", spec.horizon},
                    {"description", spec.description},
                    {"source", spec.source}});
  fmt::print("{}\n", json_text(json));
}

}  // namespace

std::string describe_settings(const ExperimentRequest& asked) {
  const ExperimentRequest request = understood(asked);
  if (!request.task.empty() || !request.config_file.empty()) {
    Experiment experiment = resolve(request);
    return fmt::format("Settings of {} on {}, as they would run (preset \"{}\")\n",
                       experiment.method->name, experiment.task->name, experiment.preset) +
           describe_all(experiment.settings(), {});
  }
  if (!request.method.empty()) return describe_method(find_agent(request.method), request.preset);
  std::string text;
  for (const auto& entry : all_agents()) {
    if (!text.empty()) text += "\n";
    text += describe_method(entry, request.preset);
  }
  return text;
}

int list(const ListOptions& options) {
  const std::string &what = options.what, &name = options.name;
  if (what != "settings" && (!options.task.empty() || !options.preset.empty()))
    throw UsageError("a task and --preset are for: list settings METHOD TASK");
  if (options.json) {
    if (what != "tasks") throw UsageError("--json is for: list tasks");
    list_tasks_json(name);
    return 0;
  }
  if (what == "methods") {
    if (!name.empty())
      throw UsageError(fmt::format("of a method there is more under: list settings {}", name));
    list_methods();
  } else if (what == "tasks") {
    list_tasks(name);
  } else if (what == "settings") {
    fmt::print("{}", describe_settings({name, options.task, options.preset, {}, {}}));
  } else if (what.empty()) {
    list_methods();
    fmt::print("\n");
    list_tasks("");
  } else {
    throw UsageError(fmt::format("list takes methods, tasks or settings, not '{}'{}", what,
                                 did_you_mean(what, {"methods", "tasks", "settings"})));
  }
  return 0;
}

}  // namespace reverie::cli
