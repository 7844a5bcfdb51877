#include <reverie/envs/suites.h>

#include <reverie/core/error.h>

#include <fmt/format.h>

namespace reverie {

const std::vector<TaskEntry>& all_tasks() {
  static const std::vector<TaskEntry> tasks = [] {
    std::vector<TaskEntry> all;
    for (const auto& suite :
         {rllib_suite(), rllab_suite(), mbbl_suite(), gym_suite(), classic_suite()})
      all.insert(all.end(), suite.begin(), suite.end());
    return all;
  }();
  return tasks;
}

const TaskEntry& find_task(std::string_view name) {
  std::vector<std::string> names;
  for (const TaskEntry& entry : all_tasks()) {
    if (entry.name == name) return entry;
    names.push_back(entry.name);
  }
  throw UsageError(fmt::format("no task is called '{}'{} (`reverie list tasks` names them all)",
                               name, did_you_mean(name, names)));
}

}  // namespace reverie
