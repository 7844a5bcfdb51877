// What must be as it was for a run to go on: kept as text in its checkpoints.
#pragma once

#include <reverie/runs/experiment.h>

#include <string>

namespace reverie {

/// The settings that a run's numbers depend on, a "key = value" a line; of a robot of one's own
/// also its identity, and of another body MuJoCo's version.
std::string settings_that_matter(Experiment& experiment);

/// Puts f32 in place of rounded products where the run's device is not the CPU, which alone has
/// them: a run may go on there all the same, and from there on in f32.
void leave_rounding_to_the_cpu(Experiment& experiment);

/// A run that went on under other settings would be one that nobody could repeat: throws Error
/// where `saved` is not `now`, naming the first that differs. A setting that the version which
/// saved it did not have must have the value of `built_in` now; a robot's checkpoint that does not
/// say which it is of is refused. Only products that were rounded may be f32 from here on, and
/// MuJoCo may be another version.
void require_same_settings(const std::string& saved, const std::string& now,
                           const std::string& built_in = {});
/// Likewise, where they are to be those of an experiment.
void require_same_settings(const std::string& saved, Experiment& experiment);

/// Whether `saved` is of another robot.
bool robot_has_changed(const std::string& saved, const TaskEntry& task);

/// What to tell where `saved` is of a body that another version of MuJoCo compiled and stepped, or
/// of a robot that acted in other units; else empty. Checkpoints of earlier versions of reverie
/// say of robots alone which MuJoCo it was.
std::string built_otherwise(const std::string& saved, const TaskEntry& task);

}  // namespace reverie
