// Which MuJoCo this process runs.
#pragma once

#include <string>

namespace reverie {

/// "4.0.0"
std::string mujoco_version();

/// The version and the library's path: "4.0.0 (/…/build/mujoco/mujoco/libmujoco.so.4.0.0)".
std::string mujoco_description();

/// A hint to append to an error of MuJoCo's compiler; empty: none. Elements and attributes unknown
/// to this version often belong to a later one.
std::string mujoco_remedy(const std::string& reason);

}  // namespace reverie
