#include <reverie/cli/commands.h>
#include <reverie/core/error.h>
#include <reverie/runs/experiment.h>
#include <reverie/runs/files.h>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace reverie::cli {
namespace {

std::string describe(const Setting& setting) {
  std::string text =
      fmt::format("  {} = {}\n      {}", setting.key, format_value(setting.get()), setting.doc);
  text += setting.choices.empty() ? fmt::format("; {}", setting.accepts())
                                  : fmt::format("; one of {}", fmt::join(setting.choices, ", "));
  return text + "\n";
}

template <class Config>
std::string describe_group(const char* name, Config config) {
  Settings settings;
  settings.group(name, config);
  std::string text;
  for (const auto& setting : settings.list()) text += describe(setting);
  return text;
}

std::string describe_method(const AgentEntry& entry) {
  const auto config = entry.make_config();
  Settings settings;
  config->describe(settings);
  std::string text = fmt::format(
      "Settings of {}, with the built-in values. A preset ({}) changes some: `train {} TASK "
      "--print-config` shows what a run would use.\n",
      entry.name, fmt::join(preset_names(entry.name), ", "), entry.name);
  for (const auto& setting : settings.list()) text += describe(setting);
  return text;
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
  std::string json;
  for (const TaskSpec& spec : tasks_of(start)) {
    json += fmt::format(
        "{}  {{\"name\": {}, \"observation_size\": {}, \"action_size\": {}, \"horizon\": {}, "
        "\"description\": {}, \"source\": {}}}",
        json.empty() ? "" : ",\n", json_text(spec.name), spec.observation_size, spec.action_size(),
        spec.horizon, json_text(spec.description), json_text(spec.source));
  }
  fmt::print("[\n{}\n]\n", json);
}

}  // namespace

std::string describe_settings(const std::string& method) {
  std::string text;
  if (method.empty()) {
    for (const auto& entry : all_agents()) text += describe_method(entry) + "\n";
  } else {
    text += describe_method(find_agent(method)) + "\n";
  }
  text += "Settings of the task:\n" + describe_group("env", EnvConfig{});
  return text + "\nSettings of the run:\n" + describe_group("run", RunConfig{});
}

int list(const std::string& what, const std::string& name, bool json) {
  if (json) {
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
    fmt::print("{}", describe_settings(name));
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
