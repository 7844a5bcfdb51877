// A task of one's own: a TOML file beside an MJCF file.
#pragma once

#include <reverie/envs/environment.h>
#include <reverie/envs/task_description.h>

#include <filesystem>

namespace reverie {

/// Reads a description from TOML; docs/robots.md has the format. The body is looked for beside the
/// file, then among Reverie's own. Throws Error where the file can't be read, and UsageError with
/// file, line and column for what it can't mean.
TaskDescription read_robot_file(const std::filesystem::path& file);

/// A number that changes with the text of the file or of its MJCF (not with what that includes), in
/// hexadecimal digits.
std::string robot_fingerprint(const std::filesystem::path& file);

/// The task of such a file, named by its absolute path.
TaskEntry robot_task(const std::filesystem::path& file);

}  // namespace reverie
