#include <reverie/envs/suites.h>

#include <reverie/core/error.h>

#include <fmt/format.h>

namespace reverie {

const std::vector<TaskEntry>& all_tasks() {
  static const std::vector<TaskEntry> tasks = {
      rllib_half_cheetah(), rllib_hopper(),     rllab_half_cheetah(), mbbl_half_cheetah(),
      gym_half_cheetah(),   classic_pendulum(), classic_cartpole(),
  };
  return tasks;
}

const TaskEntry& find_task(std::string_view name) {
  std::vector<std::string> names;
  for (const TaskEntry& entry : all_tasks()) {
    if (entry.spec.name == name) return entry;
    names.push_back(entry.spec.name);
  }
  throw UsageError(fmt::format("no task is called '{}'{} (`reverie list tasks` names them all)",
                               name, did_you_mean(name, names)));
}

}  // namespace reverie
