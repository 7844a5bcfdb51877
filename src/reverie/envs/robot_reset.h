// How a robot's file says that an episode begins: [reset].
#pragma once

#include <reverie/envs/robot_table.h>
#include <reverie/envs/task_description.h>

namespace reverie {

/// Reads the file's [reset] to `task`. Throws as RobotTable does.
void read_reset(RobotTable& document, TaskDescription& task);

/// Adds warnings of joints that start outside their range, by the pose or by a goal.
void warn_of_start(const mjModel& body, TaskDescription& task);

}  // namespace reverie
