// How an episode begins, according to a robot file: [reset].
#pragma once

#include <reverie/envs/mujoco/task_description.h>
#include <reverie/envs/robots/table.h>

namespace reverie {

/// Reads the file's [reset] into `task`. Throws as RobotTable does.
void read_reset(RobotTable& document, TaskDescription& task);

/// Adds a warning for each joint that the pose or a goal starts outside its range.
void warn_of_start(const mjModel& body, TaskDescription& task);

}  // namespace reverie
