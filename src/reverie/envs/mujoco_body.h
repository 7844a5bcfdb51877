// Compiled MuJoCo bodies, shared by the simulations that run them.
#pragma once

#include <reverie/envs/env_config.h>

#include <mujoco/mujoco.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace reverie {

/// The compiled body of an embedded MJCF file ("hopper.xml"), or of one on disk (a path with a
/// folder), varied by the factors of `config`. `timestep`: of its own steps, seconds; 0: the
/// file's. Each file is compiled once and each variation made once for as long as somebody holds
/// it; the same object is given to all, so nobody may change it. Safe to call from any thread.
///
/// From the first call on, MuJoCo's error and warning handlers are ours, for the whole process: an
/// error throws Error, and nothing is ever written to MUJOCO_LOG.TXT.
///
/// Throws std::out_of_range for a file that is not there, Error for one that does not compile
/// (UsageError where it is on disk), and UsageError for an `env.disabled_actuator` or
/// `env.crippled_leg` that the body has not got.
std::shared_ptr<const mjModel> mujoco_body(std::string_view file, const EnvConfig& config = {},
                                           double timestep = 0);

/// The published body of such a file, compiled anew. Throws as mujoco_body() does.
std::shared_ptr<const mjModel> compile_body(std::string_view file);

/// How many actuators it has: no more than controls. In later versions of MuJoCo some actuators
/// take several.
int actuator_count(const mjModel& body);

/// The actuator that takes this control, 0 to nu - 1.
int actuator_of(const mjModel& body, int control);

/// The limbs of its trunk, the first body of the world with an actuator on it or its limbs: each
/// child of it that has one, in the order of the MJCF, with what hangs on it.
struct Limb {
  std::vector<int> geoms, actuators;
};
std::vector<Limb> limbs(const mjModel& body);

/// The last warning MuJoCo gave on this thread, and forgets it. Empty where there was none.
std::string take_mujoco_warning();

}  // namespace reverie
