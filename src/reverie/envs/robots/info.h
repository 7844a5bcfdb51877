// A readable summary of a robot file, as it was understood.
#pragma once

#include <filesystem>
#include <string>

namespace reverie {

/// Returns lines on the body and its rates, the observations with their order and ranges, the
/// actions, how an episode begins, the reward, the end, what a model is given and what it has to
/// learn, and warnings. Throws as `robot_task` and making its task do.
std::string robot_info(const std::filesystem::path& file);

}  // namespace reverie
