// Which MuJoCo this process runs.
#pragma once

#include <string>

namespace reverie {

/// "4.0.0"
std::string mujoco_version();

/// Its version and where its library lies: "4.0.0 (/…/build/mujoco/mujoco/libmujoco.so.4.0.0)".
std::string mujoco_description();

/// What helps against an error of MuJoCo's compiler, to be put behind it; empty: nothing is known.
/// Elements and attributes that it doesn't know are often those of a later version.
std::string mujoco_remedy(const std::string& reason);

}  // namespace reverie
