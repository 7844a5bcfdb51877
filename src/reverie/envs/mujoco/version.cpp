#include <reverie/envs/mujoco/version.h>

#include <dlfcn.h>
#include <fmt/format.h>
#include <mujoco/mujoco.h>

namespace reverie {

std::string mujoco_version() {
  return mj_versionString();
}

std::string mujoco_description() {
  Dl_info library = {};
  const bool found = ::dladdr(reinterpret_cast<void*>(&mj_step), &library) && library.dli_fname;
  return fmt::format("{} ({})", mj_versionString(), found ? library.dli_fname : "?");
}

std::string mujoco_remedy(const std::string& reason) {
  const bool unknown = reason.find("Schema violation") != std::string::npos ||
                       reason.find("unrecognized") != std::string::npos ||
                       reason.find("invalid keyword") != std::string::npos;
  if (!unknown || mj_version() >= 300) return "";
  return fmt::format(
      " (MuJoCo {} may be older than this robot: most are written for 3 or later, "
      "which the README's \"Other systems\" says how to get)",
      mj_versionString());
}

}  // namespace reverie
