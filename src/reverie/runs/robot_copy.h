// The copy of a custom robot that a run carries with it.
#pragma once

#include <reverie/envs/environment.h>
#include <reverie/envs/task_entry.h>

#include <filesystem>
#include <string>

namespace reverie {

/// Copies a robot's TOML file, its MJCF and all files that the MJCF includes or names into a run's
/// folder, under robot/, in their original layout. Returns false, and leaves nothing there, where
/// the copy would not give the same robot: not all of the MJCF's files were found, or it has
/// changed since it was read. Throws Error where the folder can't be written.
bool keep_robot(const TaskEntry& robot, const std::filesystem::path& run);

/// Whether a run has such a copy.
bool carries_robot(const std::filesystem::path& run);

/// The robot of this name (its original's path) that a run carries; null where it carries none or
/// another one. Read only once. Throws as robot_task() does.
const TaskEntry* kept_robot(const std::filesystem::path& run, const std::string& name);

/// A warning where a robot's original still exists but differs from the run's copy; otherwise
/// empty. Reads and compiles the original.
std::string original_has_changed(const TaskEntry& robot);

}  // namespace reverie
