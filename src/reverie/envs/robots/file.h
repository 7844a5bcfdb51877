// A user-defined task: a TOML file beside an MJCF file.
#pragma once

#include <reverie/envs/environment.h>
#include <reverie/envs/mujoco/task_description.h>
#include <reverie/envs/task_entry.h>

#include <filesystem>

namespace reverie {

/// Reads a description from TOML; docs/robots.md has the format. The body is looked up beside the
/// file, then among Reverie's own, and compiled; `body`, where given, replaces the one that the
/// file names. Throws Error where a file can't be read or MuJoCo refuses the body, and UsageError
/// with file, line and column for invalid content.
TaskDescription read_robot_file(const std::filesystem::path& file, const std::string& body = {});

/// The task of such a file, named by its absolute path. Throws as `read_robot_file` does.
TaskEntry robot_task(const std::filesystem::path& file, const std::string& body = {});

/// Returns a fingerprint of a robot: it changes with the content of its TOML file (not its
/// formatting or remarks), with what MuJoCo compiles from its MJCF and all files that names, and
/// with MuJoCo's version: see same_robot. Reads and compiles afresh at each call. Throws as
/// `read_robot_file` does.
std::string robot_identity(const std::filesystem::path& file);

/// Whether two identities are of the same robot. Those from different versions of MuJoCo, which
/// compile it differently, are compared by the TOML file alone.
bool same_robot(const std::string& one, const std::string& other);

}  // namespace reverie
