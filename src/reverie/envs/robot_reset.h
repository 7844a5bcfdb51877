// How a robot's file says that an episode begins: [reset] and [[goal]].
#pragma once

#include <reverie/envs/robot_table.h>
#include <reverie/envs/task_description.h>

namespace reverie {

/// Reads the file's [reset] and [[goal]] to `task`. Throws as RobotTable does.
void read_reset(RobotTable& document, TaskDescription& task);

/// Adds warnings: of joints that start outside their range, and of goals that are not observed.
void warn_of_start_and_goals(const mjModel& body, TaskDescription& task);

}  // namespace reverie
