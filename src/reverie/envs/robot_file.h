// A task of one's own: a TOML file beside an MJCF file.
#pragma once

#include <reverie/envs/environment.h>
#include <reverie/envs/task_description.h>

#include <filesystem>

namespace reverie {

/// Reads a description from TOML; docs/robots.md has the format. The body is looked for beside the
/// file, then among Reverie's own, and compiled. Throws Error where a file can't be read or
/// MuJoCo refuses the body, and UsageError with file, line and column for what it can't mean.
TaskDescription read_robot_file(const std::filesystem::path& file);

/// The task of such a file, named by its absolute path. Throws as `read_robot_file` does.
TaskEntry robot_task(const std::filesystem::path& file);

}  // namespace reverie
