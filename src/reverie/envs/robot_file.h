// A task of one's own: a TOML file beside an MJCF file.
#pragma once

#include <reverie/envs/environment.h>
#include <reverie/envs/task_description.h>

#include <filesystem>

namespace reverie {

/// Reads a description from TOML; docs/robots.md has the format. The body is looked for beside the
/// file, then among Reverie's own, and compiled; `body`, where given, is taken instead of the one
/// that the file names. Throws Error where a file can't be read or MuJoCo refuses the body, and
/// UsageError with file, line and column for what it can't mean.
TaskDescription read_robot_file(const std::filesystem::path& file, const std::string& body = {});

/// The task of such a file, named by its absolute path. Throws as `read_robot_file` does.
TaskEntry robot_task(const std::filesystem::path& file, const std::string& body = {});

/// What stands for a robot: changes with what its TOML file says (not how, nor with its remarks)
/// and with what MuJoCo compiles of its MJCF and of all that this names, and with MuJoCo's version:
/// see same_robot. Read and compiled anew at each call. Throws as `read_robot_file` does.
std::string robot_identity(const std::filesystem::path& file);

/// Whether two identities are of one robot. Where they are of two versions of MuJoCo, which compile
/// it differently, by its TOML file alone.
bool same_robot(const std::string& one, const std::string& other);

}  // namespace reverie
