// Compiled MuJoCo bodies, shared by the simulations that run them.
#pragma once

#include <reverie/envs/env_config.h>

#include <mujoco/mujoco.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace reverie {

/// Returns the compiled body of an embedded MJCF file ("hopper.xml"), or of one on disk (a path
/// with a folder), varied by the factors of `config`. `timestep`: of a physics step, seconds; 0:
/// the file's. Each file is compiled once; each variation is made once and shared for as long as
/// anyone holds it, so it must not be modified. Safe to call from any thread.
///
/// The first call replaces MuJoCo's error and warning handlers for the whole process: an error
/// throws Error, and nothing is ever written to MUJOCO_LOG.TXT.
///
/// Throws std::out_of_range for a file that does not exist, Error for one that does not compile
/// (UsageError where it is on disk), and UsageError for an `env.disabled_actuator` or
/// `env.crippled_leg` that the body does not have.
std::shared_ptr<const mjModel> mujoco_body(std::string_view file, const EnvConfig& config = {},
                                           double timestep = 0);

/// Compiles the published body of such a file afresh. Throws as mujoco_body() does.
std::shared_ptr<const mjModel> compile_body(std::string_view file);

/// Number of actuators: at most the number of controls, since in later versions of MuJoCo one
/// actuator may take several.
int actuator_count(const mjModel& body);

/// The actuator that takes this control, 0 to nu - 1.
int actuator_of(const mjModel& body, int control);

/// A limb: a child of the trunk with an actuator in its subtree, and that whole subtree. The trunk
/// is the first child of the world with an actuator in its subtree. Limbs are in MJCF order.
struct Limb {
  std::vector<int> geoms, actuators;
};
std::vector<Limb> limbs(const mjModel& body);

/// Returns and clears the last warning MuJoCo gave on this thread. Empty where there was none.
std::string take_mujoco_warning();

}  // namespace reverie
