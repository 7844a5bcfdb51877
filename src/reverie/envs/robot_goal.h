// What a robot's file puts somewhere else in each episode: [[goal]].
#pragma once

#include <reverie/envs/robot_table.h>
#include <reverie/envs/task_description.h>

namespace reverie {

/// Reads the file's [[goal]] to `task`. Throws as RobotTable does.
void read_goals(RobotTable& document, TaskDescription& task);

/// Adds warnings of goals that nothing observed depends on.
void warn_of_unseen_goals(const mjModel& body, TaskDescription& task);

}  // namespace reverie
