// What a robot file moves for each episode: [[goal]].
#pragma once

#include <reverie/envs/mujoco/task_description.h>
#include <reverie/envs/robots/table.h>

namespace reverie {

/// Reads the file's [[goal]] entries into `task`. Throws as RobotTable does.
void read_goals(RobotTable& document, TaskDescription& task);

/// Adds a warning for each goal that nothing observed depends on.
void warn_of_unseen_goals(const mjModel& body, TaskDescription& task);

}  // namespace reverie
