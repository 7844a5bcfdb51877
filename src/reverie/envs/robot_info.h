// A robot's file as it was understood, for people.
#pragma once

#include <filesystem>
#include <string>

namespace reverie {

/// Lines: the body and its rates, what is observed in which order and within which ranges, the
/// actions, how an episode begins, the reward, the end, what a model is told and what it has to
/// learn, and warnings. Throws as `robot_task` and making it do.
std::string robot_info(const std::filesystem::path& file);

}  // namespace reverie
