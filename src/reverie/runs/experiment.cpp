#include <reverie/runs/experiment.h>

#include <reverie/core/embedded.h>
#include <reverie/core/error.h>
#include <reverie/envs/suites/registry.h>
#include <reverie/envs/task_entry.h>
#include <reverie/nn/kernels/precision.h>
#include <reverie/runs/files.h>
#include <reverie/runs/robot_copy.h>
#include <reverie/runs/run_folder.h>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

namespace reverie {
namespace {

std::string_view preset_text(const std::string& method) {
  for (const auto& file : embedded_files())
    if (file.name == method + ".toml") return file.text;
  return {};
}

// The text of an assignment whose value must be a name.
std::string name_of(const Assignment& assignment) {
  if (const auto* text = std::get_if<std::string>(&assignment.value)) return *text;
  throw UsageError(
      fmt::format("{}: '{}' takes a name in quotes", assignment.where, assignment.key));
}

/// A robot's file has a `body` above its first table; a file of settings has none.
bool describes_robot(const std::string& text) {
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    const size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string::npos || line[begin] == '#') continue;
    if (line[begin] == '[') return false;
    const size_t end = line.find_first_of(" \t=", begin);
    if (line.substr(begin, end - begin) == "body") return true;
  }
  return false;
}

/// Whether a word that stands where a method should is a task.
bool names_task(const std::string& word) {
  if (word.empty()) return false;
  for (const auto& agent : all_agents())
    if (agent.name == word) return false;
  std::error_code ignored;
  return word.find('/') != std::string::npos || word.ends_with(".toml") || word.ends_with(".xml") ||
         std::filesystem::is_regular_file(word + ".toml", ignored);
}

/// A lone word that is no method, but the second half of tasks' names.
void refuse_half_a_name(const std::string& word) {
  std::vector<std::string> tasks;
  for (const auto& agent : all_agents())
    if (agent.name == word) return;
  for (const TaskEntry& task : all_tasks())
    if (task.name.ends_with("/" + word)) tasks.push_back(task.name);
  if (tasks.empty()) return;
  // Of a classic system, the one that is as one knows it: mbbl's pendulum is paid for hanging down.
  const std::string classic = "classic/" + word;
  const bool is_classic = std::find(tasks.begin(), tasks.end(), classic) != tasks.end();
  throw UsageError(fmt::format("'{}' is no method; tasks of that name: {}; say: {} train {}", word,
                               fmt::join(tasks, ", "), program_name(),
                               is_classic ? classic : tasks.front()));
}

/// Whether the agent has such a setting, and it says no.
bool is_off(const Settings& settings, std::string_view key) {
  const Setting* setting = settings.find(key);
  return setting && !std::get<bool>(setting->get());
}

/// Says which methods have a setting that this one hasn't. `Settings` itself knows of no others.
void refuse_anothers(const Settings& settings, const AgentEntry& method, std::string_view key,
                     std::string_view where) {
  if (settings.find(key)) return;
  std::vector<std::string> names;
  for (const AgentEntry& other : all_agents()) {
    const auto config = other.make_config();
    Settings its;
    config->describe(its);
    if (its.find(key)) names.push_back(other.name);
  }
  if (names.empty()) return;
  throw UsageError(fmt::format("{}: {} has no setting '{}', only: {} ({} list settings {})", where,
                               method.name, key, fmt::join(names, ", "), program_name(),
                               method.name));
}

/// Version 0.1's keys and checkpoints were others. Its runs say on their first line what made them.
void refuse_the_first_version(const ExperimentRequest& request) {
  if (!request.config_text.starts_with("# Reverie 0.1.")) return;
  throw UsageError(fmt::format(
      "{} is of a run of Reverie 0.1: many settings have other names since, and its checkpoints "
      "can't be read; go on with that version, or train anew ({} list settings METHOD)",
      request.config_file, program_name()));
}

}  // namespace

Settings Experiment::settings() {
  Settings settings;
  agent->describe(settings);
  settings.group("env", env);
  settings.group("run", run);
  return settings;
}

bool Experiment::reward_is_told() const {
  return task->make_task(env)->reward_is_told();
}

bool Experiment::end_is_told() const {
  return task->make_task(env)->end_is_told();
}

bool Experiment::leaves_out_rewards() {
  return is_off(settings(), agent->key_of(SettingRole::learn_reward)) && !reward_is_told();
}

bool Experiment::leaves_out_ends() {
  return is_off(settings(), agent->key_of(SettingRole::learn_end)) && !end_is_told();
}

std::string Experiment::to_toml(bool with_docs) {
  return fmt::format("method = {}\ntask = {}\n{}preset = {}\n\n{}", format_value(method->name),
                     format_value(task->name),
                     with_docs ? "# whose values hold where this file gives none\n" : "",
                     format_value(preset), settings().to_toml(with_docs));
}

void Experiment::settle_precision() {
  using kernels::Use;
  Settings all = settings();
  for (const Setting& one : all.list()) {
    if (one.choices != setting_names(Precision{})) continue;
    if (one.get() != SettingValue(setting_name(Precision::automatic))) continue;
    const Use use = one.key.starts_with("fit.") ? Use::training : Use::inference;
    const Precision found = run.device == "cpu" ? kernels::resolved(Precision::automatic, use)
                                                : Precision::f32;  // a GPU has no other
    all.assign(one.key, SettingValue(setting_name(found)), "run.device");
  }
}

void apply_preset(Settings& settings, const std::string& preset, const std::string& method,
                  const std::string& task) {
  if (preset == kNoPreset) return;
  const auto names = preset_names(method);
  if (std::find(names.begin(), names.end(), preset) == names.end()) {
    if (preset == kDefaultPreset) return;
    throw UsageError(fmt::format("{} has no preset '{}'{} (it has {}; {}: the built-in values)",
                                 method, preset, did_you_mean(preset, names),
                                 fmt::join(names, ", "), kNoPreset));
  }
  const std::string file = "presets/" + method + ".toml";
  const auto assignments = read_toml(preset_text(method), file);
  const std::string mine = preset + ".";
  const std::string on = mine + "on.";
  const std::string this_task = on + task + ".";
  for (const auto& one : assignments)
    if (one.key.starts_with(mine) && !one.key.starts_with(on))
      settings.assign(one.key.substr(mine.size()), one.value, one.where);
  for (const auto& one : assignments)
    if (one.key.starts_with(this_task))
      settings.assign(one.key.substr(this_task.size()), one.value, one.where);
}

std::vector<TaskOverride> task_overrides(const std::string& preset, const std::string& method) {
  std::vector<TaskOverride> overrides;
  const std::string on = preset + ".on.";
  for (const auto& one : read_toml(preset_text(method), "presets/" + method + ".toml")) {
    if (!one.key.starts_with(on)) continue;
    const size_t dot = one.key.find('.', on.size());  // no task's name has one
    overrides.push_back(
        {one.key.substr(on.size(), dot - on.size()), one.key.substr(dot + 1), one.value});
  }
  return overrides;
}

std::vector<std::string> preset_names(const std::string& method) {
  std::vector<std::string> names;
  for (const auto& one : read_toml(preset_text(method), "presets/" + method + ".toml")) {
    const std::string name = one.key.substr(0, one.key.find('.'));
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  std::stable_partition(names.begin(), names.end(),
                        [](const std::string& name) { return name == kDefaultPreset; });
  return names;
}

ExperimentRequest understood(ExperimentRequest request) {
  if (request.task.empty() && names_task(request.method)) std::swap(request.task, request.method);
  if (request.config_file.empty()) return request;
  std::error_code ignored;
  const std::filesystem::path file = request.config_file;
  if (!std::filesystem::is_regular_file(file, ignored) &&
      (std::filesystem::is_directory(file, ignored) ||
       std::filesystem::is_directory("runs" / file, ignored)))
    request.config_file = open_run(file.string()).config().string();
  if (request.config_text.empty()) request.config_text = read_file(request.config_file);
  if (describes_robot(request.config_text))
    throw UsageError(fmt::format(
        "{} describes a robot, which is a task and no file of settings: {} train {} {}",
        request.config_file, program_name(),
        request.method.empty() ? all_agents().front().name : request.method, request.config_file));
  return request;
}

Experiment resolve(const ExperimentRequest& asked) {
  const ExperimentRequest request = understood(asked);
  std::vector<Assignment> from_file;
  std::string method = request.method;
  std::string task = request.task;
  std::string named_in;  // "my.toml:3: ", where a file names the method
  std::string preset = request.preset;
  if (!request.config_file.empty()) {
    refuse_the_first_version(request);
    for (auto& one : read_toml(request.config_text, request.config_file)) {
      if (one.key == "method") {
        if (method.empty()) method = name_of(one), named_in = one.where + ": ";
      } else if (one.key == "task") {
        if (task.empty()) task = name_of(one);
      } else if (one.key == "preset") {
        if (preset.empty()) preset = name_of(one);
      } else {
        from_file.push_back(std::move(one));
      }
    }
  }
  for (auto& one : from_file) {  // what a run started from lies beside its config.toml
    auto* from = std::get_if<std::string>(&one.value);
    if (one.key != "run.from" || !from || from->empty()) continue;
    const auto beside = std::filesystem::path(request.config_file).parent_path() / *from;
    std::error_code ignored;
    if (std::filesystem::is_regular_file(beside, ignored)) *from = beside.string();
  }
  if (preset.empty()) preset = kDefaultPreset;
  // Who names a task alone gets the first method.
  if (method.empty() && !request.task.empty()) method = all_agents().front().name;
  if (method.empty() || task.empty()) {
    if (request.method.empty() && !request.config_file.empty())
      throw UsageError(fmt::format("{} names no {}: it needs lines method = \"…\" and task = \"…\"",
                                   request.config_file, method.empty() ? "method" : "task"));
    refuse_half_a_name(method);
    if (!method.empty())
      throw UsageError(fmt::format("name a task as well: {} train {} TASK (see: {} list tasks)",
                                   program_name(), find_agent(method).name, program_name()));
    throw UsageError("name a method and a task: reverie train METHOD TASK (see: reverie list)");
  }
  const auto& tasks = all_tasks();
  if (std::any_of(tasks.begin(), tasks.end(),
                  [&method](const TaskEntry& entry) { return entry.name == method; }))
    throw UsageError(fmt::format("'{}' is a task: the method comes first, reverie train {} {}",
                                 method, task, method));
  // A run's file means the robot that the run carries.
  const TaskEntry* kept = nullptr;
  if (request.task.empty() && task.ends_with(".toml"))
    kept = kept_robot(std::filesystem::path(request.config_file).parent_path(), task);
  const AgentEntry& entry = [&]() -> const AgentEntry& {
    try {
      return find_agent(method);
    } catch (const UsageError& error) {
      throw UsageError(named_in + error.what());
    }
  }();
  Experiment experiment(entry, kept ? *kept : find_task(task), preset);
  Settings settings = experiment.settings();
  const auto apply = [&] {
    apply_preset(settings, preset, method, task);
    for (const auto& one : from_file) {
      refuse_anothers(settings, *experiment.method, one.key, one.where);
      settings.assign(one.key, one.value, one.where);
    }
    for (const auto& flag : request.flags) {
      refuse_anothers(settings, *experiment.method, flag.key, flag.where);
      settings.assign(flag.key, std::string_view(flag.value), flag.where);
    }
  };
  apply();
  if (request.as_it_is) return experiment;
  // A reward or an end that observations don't tell, of the task as it is varied, is learned, where
  // nobody says otherwise.
  const bool reward = experiment.leaves_out_rewards(), end = experiment.leaves_out_ends();
  const auto learn = [&](SettingRole role) {
    settings.assign(experiment.agent->key_of(role), SettingValue(true), task);
  };
  if (reward) learn(SettingRole::learn_reward);
  if (end) learn(SettingRole::learn_end);
  if (reward || end) apply();
  return experiment;
}

Experiment read_experiment(const std::filesystem::path& config_file) {
  ExperimentRequest request;
  request.config_file = config_file.string();
  request.as_it_is = true;
  return resolve(request);
}

}  // namespace reverie
