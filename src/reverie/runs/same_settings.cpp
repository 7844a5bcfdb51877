#include <reverie/runs/same_settings.h>

#include <reverie/core/error.h>
#include <reverie/envs/mujoco/version.h>
#include <reverie/envs/robots/file.h>
#include <reverie/envs/task_entry.h>
#include <reverie/nn/kernels/precision.h>

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

namespace reverie {
namespace {

/// Stands for a robot's identity among the settings.
constexpr char robot[] = "the robot";
/// Stands for the version of MuJoCo that steps the task; a robot's identity has its own.
constexpr char mujoco[] = "MuJoCo";

/// Said of a checkpoint that has no such thing.
constexpr char earlier[] =
    "a version of reverie in which a robot acted in its actuators' units, not in halves of their "
    "range";

/// Whether a body of MuJoCo's is stepped, rather than a system with equations of its own.
bool runs_on_mujoco(const TaskEntry& task) {
  return task.make_simulation({})->body() != nullptr;
}

/// Key and value of each line of `settings_that_matter`.
std::map<std::string, std::string> by_key(const std::string& lines) {
  std::map<std::string, std::string> settings;
  std::istringstream in(lines);
  for (std::string line; std::getline(in, line);) {
    const size_t equals = line.find(" = ");
    settings[line.substr(0, equals)] = line.substr(std::min(line.size(), equals + 3));
  }
  return settings;
}

/// Whether a setting said how to round products, and says not to now.
bool rounds_no_more(const std::string& was, const std::string& is) {
  const auto f32 = format_value(setting_name(Precision::f32));
  const auto rounded = {format_value(setting_name(Precision::bf16x3)),
                        format_value(setting_name(Precision::bf16))};
  return is == f32 && std::find(rounded.begin(), rounded.end(), was) != rounded.end();
}

}  // namespace

void leave_rounding_to_the_cpu(Experiment& experiment) {
  if (experiment.run.device.starts_with("cpu")) return;
  Settings all = experiment.settings();
  for (const Setting& one : all.list())
    if (one.choices == setting_names(Precision{}) &&
        one.get() != SettingValue(setting_name(Precision::automatic)))
      all.assign(one.key, SettingValue(setting_name(Precision::f32)), "run.device");
}

std::string settings_that_matter(Experiment& experiment) {
  const std::set<std::string> free = {
      "run.steps", "run.threads", "run.device", "run.cuda_graphs", "run.checkpoint_seconds",
      "run.from"};
  std::string text;
  const Settings settings = experiment.settings();
  for (const auto& setting : settings.list())
    if (!free.contains(setting.key))
      text += fmt::format("{} = {}\n", setting.key, format_value(setting.get()));
  const std::string& identity = experiment.task->robot.identity;
  if (!identity.empty())
    text += fmt::format("{} = {}\n", robot, identity);
  else if (runs_on_mujoco(*experiment.task))
    text += fmt::format("{} = {}\n", mujoco, mujoco_version());
  return text;
}

void require_same_settings(const std::string& saved, Experiment& experiment) {
  Experiment plain(*experiment.method, *experiment.task, kNoPreset);
  require_same_settings(saved, settings_that_matter(experiment), settings_that_matter(plain));
}

void require_same_settings(const std::string& saved, const std::string& now,
                           const std::string& built_in) {
  const auto before = by_key(saved), after = by_key(now);
  auto absent = by_key(built_in);
  for (const auto& [key, is] : after) {
    if (key == mujoco) continue;  // another is told: built_otherwise
    const auto was = before.find(key);
    if (was == before.end() && key == robot)
      throw Error(fmt::format("the checkpoint is of {}: start a new run with --config", earlier));
    if (was == before.end()) {
      const std::string& built = absent[key];
      if (is == built) continue;
      throw Error(
          fmt::format("the checkpoint is of a version of reverie without a setting '{0}', "
                      "config.toml says '{0} = {1}': take that out (then it is {2}), or "
                      "start a new run with --config",
                      key, is, built));
    }
    if (key == robot && !same_robot(was->second, is))
      throw Error(
          "the robot's TOML file or its MJCF has changed since the checkpoint: put it back, "
          "or start a new run");
    if (key != robot && was->second != is && !rounds_no_more(was->second, is))
      throw Error(
          fmt::format("the checkpoint was made with '{} = {}', config.toml says '{} = {}': "
                      "put it back, or start a new run with --config",
                      key, was->second, key, is));
  }
  for (const auto& [key, was] : before)
    if (!after.contains(key) && key != robot && key != mujoco)
      throw Error(
          fmt::format("the checkpoint was made with '{} = {}', a setting that this version "
                      "of reverie hasn't: start a new run with --config",
                      key, was));
}

bool robot_has_changed(const std::string& saved, const TaskEntry& task) {
  const auto settings = by_key(saved);
  const auto was = settings.find(robot);
  return was != settings.end() && !same_robot(was->second, task.robot.identity);
}

std::string built_otherwise(const std::string& saved, const TaskEntry& task) {
  const auto settings = by_key(saved);
  const auto stepped_by = settings.find(mujoco);
  if (stepped_by != settings.end() && stepped_by->second != mujoco_version())
    return fmt::format(
        "the checkpoint was made with MuJoCo {}, and this is MuJoCo {}: what follows "
        "is not bit for bit what would have followed there",
        stepped_by->second, mujoco_version());
  const auto was = settings.find(robot);
  if (was == settings.end())
    return task.robot.identity.empty() ? "" : fmt::format("the checkpoint is of {}", earlier);
  if (was->second == task.robot.identity) return {};
  const auto version = [](const std::string& identity) {
    return identity.substr(std::min(identity.find("MuJoCo "), identity.size()));
  };
  if (version(was->second) == version(task.robot.identity)) return {};
  return fmt::format("the robot was compiled by {}, and now by {}: its numbers will be others",
                     version(was->second), version(task.robot.identity));
}

}  // namespace reverie
