// All tasks by name.
#pragma once

#include <reverie/envs/environment.h>
#include <reverie/envs/task_entry.h>

#include <string_view>
#include <vector>

namespace reverie {

/// All tasks, suite by suite.
const std::vector<TaskEntry>& all_tasks();

/// `name`: "suite/name", or the path of a robot file (see robots/file.h), which ends in ".toml".
/// Throws UsageError for an unknown name, with the nearest ones, or what robot_task() throws.
const TaskEntry& find_task(std::string_view name);

}  // namespace reverie
