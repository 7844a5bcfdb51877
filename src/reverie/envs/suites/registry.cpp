#include <reverie/envs/suites/registry.h>

#include <reverie/core/error.h>
#include <reverie/envs/robots/file.h>
#include <reverie/envs/suites/suites.h>
#include <reverie/envs/task_entry.h>
#include <reverie/envs/variations/variations.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <mutex>

namespace reverie {

const std::vector<TaskEntry>& all_tasks() {
  static const std::vector<TaskEntry> tasks = [] {
    std::vector<TaskEntry> all;
    for (const auto& suite : {rllib_suite(), rllab_suite(), me_trpo_suite(), mbbl_suite(),
                              pets_suite(), gym_suite(), classic_suite()})
      for (const TaskEntry& entry : suite) all.push_back(with_variations(entry));
    return all;
  }();
  return tasks;
}

namespace {

/// Read once: entries are handed out by reference.
const TaskEntry& find_robot(std::string_view file) {
  static std::mutex mutex;
  static std::map<std::string, TaskEntry, std::less<>> robots;
  const std::lock_guard lock(mutex);
  const auto found = robots.find(file);
  return found != robots.end()
             ? found->second
             : robots.emplace(file, with_variations(robot_task(file))).first->second;
}

}  // namespace

const TaskEntry& find_task(std::string_view name) {
  if (name.ends_with(".toml")) return find_robot(name);
  if (name.ends_with(".xml"))
    throw UsageError(
        fmt::format("{} is an MJCF: write a robot file beside it that says what is "
                    "observed and rewarded (docs/robots.md), and name that",
                    name));
  std::vector<std::string> names;
  for (const TaskEntry& entry : all_tasks()) {
    if (entry.name == name) return entry;
    names.push_back(entry.name);
  }
  if (const std::string file = std::string(name) + ".toml"; std::filesystem::is_regular_file(file))
    return find_robot(file);
  // Half a name: classic's first, the system as one knows it (mbbl's pendulum hangs down).
  std::vector<std::string> ending;
  for (const std::string& one : names)
    if (one.ends_with(fmt::format("/{}", name)))
      ending.insert(one.starts_with("classic/") ? ending.begin() : ending.end(), one);
  if (!ending.empty())
    throw UsageError(
        fmt::format("no task is called '{}'; did you mean {}?", name, fmt::join(ending, " or ")));
  // Gymnasium's names have capitals and end in a version: HalfCheetah-v5.
  std::string plain(name.substr(0, std::min(name.rfind("-v"), name.size())));
  if (plain.size() < name.size() && plain.find('/') == plain.npos) plain = "gym/" + plain;
  for (char& letter : plain) letter = static_cast<char>(std::tolower(letter));
  throw UsageError(fmt::format("no task is called '{}'{} (`reverie list tasks` names them all)",
                               name, did_you_mean(plain, names)));
}

}  // namespace reverie
