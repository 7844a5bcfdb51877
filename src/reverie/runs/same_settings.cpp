#include <reverie/runs/same_settings.h>

#include <reverie/core/error.h>

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

namespace reverie {
namespace {

/// Stands for the text of a robot's files among the settings.
constexpr char robot[] = "the robot's files";

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

}  // namespace

std::string settings_that_matter(Experiment& experiment) {
  const std::set<std::string> free = {"run.steps", "run.threads", "run.device",
                                      "run.cuda_graphs", "run.checkpoint_seconds", "run.from"};
  std::string text;
  const Settings settings = experiment.settings();
  for (const auto& setting : settings.list())
    if (!free.contains(setting.key))
      text += fmt::format("{} = {}\n", setting.key, format_value(setting.get()));
  const std::string& files = experiment.task->fingerprint;
  if (!files.empty()) text += fmt::format("{} = {}\n", robot, files);
  return text;
}

void require_same_settings(const std::string& saved, const std::string& now) {
  const auto before = by_key(saved), after = by_key(now);
  for (const auto& [key, is] : after) {
    const auto was = before.find(key);
    if (was == before.end())
      throw Error(
          fmt::format("the checkpoint is of a version of reverie that had no setting '{}': "
                      "start a new run with --config",
                      key));
    if (was->second != is && key == robot)
      throw Error(
          "the robot's TOML file or its MJCF has changed since the checkpoint: put it back, "
          "or start a new run");
    if (was->second != is)
      throw Error(
          fmt::format("the checkpoint was made with '{} = {}', config.toml says '{} = {}': "
                      "put it back, or start a new run with --config",
                      key, was->second, key, is));
  }
}

bool robot_has_changed(const std::string& saved, const TaskEntry& task) {
  const auto settings = by_key(saved);
  const auto was = settings.find(robot);
  return was != settings.end() && was->second != task.fingerprint;
}

}  // namespace reverie
