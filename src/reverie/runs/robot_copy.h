// The robot of one's own that a run carries with it.
#pragma once

#include <reverie/envs/environment.h>

#include <filesystem>
#include <string>

namespace reverie {

/// Copies all that a robot was made of into a run's folder, under robot/: its TOML file, its MJCF,
/// and what this includes and names, laid out as they were. False where that does not give the same
/// robot, as of an MJCF whose files were not all found, or that has changed since it was read:
/// nothing is left there then. Throws Error where the folder can't be written.
bool keep_robot(const TaskEntry& robot, const std::filesystem::path& run);

/// Whether a run has such a copy.
bool carries_robot(const std::filesystem::path& run);

/// The robot that a run carries, of this name (its original's path); null where it carries none, or
/// another. Read once. Throws as robot_task() does.
const TaskEntry* kept_robot(const std::filesystem::path& run, const std::string& name);

/// What to tell of a robot's original, where it is there and is no longer as the run's copy. Empty:
/// nothing. It is read and compiled for this.
std::string original_has_changed(const TaskEntry& robot);

}  // namespace reverie
