// What must not change for a run to be resumed, kept as text in its checkpoints.
#pragma once

#include <reverie/envs/task_entry.h>
#include <reverie/runs/experiment.h>

#include <string>

namespace reverie {

/// The settings that a run's numbers depend on, one "key = value" per line; for a custom robot also
/// its identity, for any other MuJoCo body the MuJoCo version.
std::string settings_that_matter(Experiment& experiment);

/// Replaces rounded-product precisions by f32 where the run's device is not the CPU, the only one
/// that supports them: the run can still resume there, in f32 from then on.
void leave_rounding_to_the_cpu(Experiment& experiment);

/// Throws Error naming the first difference where `saved` is not `now`: nobody could repeat a run
/// resumed under other settings. A setting that the saving version did not have must now have its
/// value in `built_in`; a robot's checkpoint without the robot's identity is refused. Two changes
/// are allowed: rounded products to f32, and another version of MuJoCo.
void require_same_settings(const std::string& saved, const std::string& now,
                           const std::string& built_in = {});
/// The same against the settings of an experiment.
void require_same_settings(const std::string& saved, Experiment& experiment);

/// Whether `saved` is of a different robot.
bool robot_has_changed(const std::string& saved, const TaskEntry& task);

/// A warning where `saved` is of a body compiled and stepped by another version of MuJoCo, or of a
/// robot that acted in other units; otherwise empty. Checkpoints of earlier versions of reverie
/// record the MuJoCo version for robots only.
std::string built_otherwise(const std::string& saved, const TaskEntry& task);

}  // namespace reverie
