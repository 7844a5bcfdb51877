// What can be read off a MuJoCo body, by name.
#pragma once

#include <reverie/envs/columns.h>
#include <reverie/envs/upright.h>

#include <mujoco/mujoco.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace reverie {

/// The joint of this name, or the only one without a name on the body of this name; -1: none.
int find_joint(const mjModel& model, const std::string& name);

/// Its own name, or its body's where it has none and is the only such; else "joint 3".
std::string joint_name(const mjModel& model, int joint);

/// Where a joint's numbers lie in qpos, or in qvel and all else of the degrees of freedom.
Columns position_columns(const mjModel& model, int joint);
Columns velocity_columns(const mjModel& model, int joint);

/// Numbers that a body has at a moment: `count` components from `first` on (0: all that follow) of
/// what `kind` and `name` say. Without a name it is those of all joints, bodies or degrees of
/// freedom, one after another in the order of the MJCF file, the world's body first.
struct Quantity {
  enum class Kind {
    position,          ///< Of a joint: m, rad; a free joint's are x, y, z and a quaternion.
    velocity,          ///< Of a joint: m/s, rad/s.
    body_position,     ///< Of a body's frame, x, y, z.
    site_position,     ///< x, y, z.
    geom_position,     ///< Of a geom's middle, x, y, z.
    center_of_mass,    ///< Of a body and all that hangs on it, x, y, z; without a name: of all.
    center_velocity,   ///< Of that centre of mass, m/s (mjData.subtree_linvel).
    inertia,           ///< Of a body about the whole's centre of mass: 10 numbers (mjData.cinert).
    spatial_velocity,  ///< Of a body, turning then moving: 6 numbers (mjData.cvel).
    contact_force,     ///< On a body, torque then force: 6 numbers (mjData.cfrc_ext).
    actuator_force,    ///< On a joint.
    constraint_force,  ///< On a joint, by contacts, limits and equalities.
    sensor,            ///< As the MJCF defines it.
    upright,           ///< Of a body: see upright.h. Of the state reached, as a joint's position.
    control,           ///< Of all actuators, as last given and clipped to their range.
  };
  Kind kind = Kind::position;
  std::string name = {};
  int64_t first = 0;
  int64_t count = 0;
  /// Its change over the last control step instead, per second; 0 after a reset.
  bool rate = false;

  bool operator==(const Quantity&) const = default;
};

/// The key of each kind that a robot's file may name (docs/robots.md), and the kind.
const std::vector<std::pair<std::string, Quantity::Kind>>& quantity_keys();

/// joint_position = "rootz", as such a file has it.
std::string as_toml(const Quantity& quantity);

/// "velocity of rootx", "x of the center of mass", "contact force[6..]".
std::string words(const Quantity& quantity);

/// Where quantities stand in a measurement: qpos, then qvel, then what else was asked for.
class MeasurementLayout {
 public:
  /// `quantities`: all that will be looked up. Throws UsageError for a name that the body has not
  /// got, with those it has.
  MeasurementLayout(std::shared_ptr<const mjModel> model, const std::vector<Quantity>& quantities);

  const mjModel& model() const { return *model_; }
  int64_t size() const { return size_; }
  /// Throws std::out_of_range for a quantity that was not asked for, UsageError for components that
  /// it has not got.
  Columns find(const Quantity& quantity) const;
  /// All that is measured beyond qpos and qvel, read off `data` as it stands; of rates, what they
  /// are rates of.
  void write_extras(const mjData& data, std::span<double> out) const;
  /// Where the rates stand among the extras.
  const std::vector<Columns>& rates() const { return rates_; }
  /// Whether the contact forces are among them: they are to be computed after a step.
  bool has_contact_forces() const { return has(Quantity::Kind::contact_force); }
  /// Whether velocities of centres of mass are: MuJoCo computes them when asked alone.
  bool has_center_velocities() const { return has(Quantity::Kind::center_velocity); }

 private:
  struct Extra {
    Quantity quantity;  ///< All its components.
    Columns source;     ///< In MuJoCo's array of that kind.
    Columns columns;    ///< In the measurement.
    std::optional<Upright> upright = {};
  };
  const Extra* extra(const Quantity& quantity) const;
  bool has(Quantity::Kind kind) const;

  std::shared_ptr<const mjModel> model_;
  int64_t size_;
  std::vector<Extra> extras_;
  std::vector<Columns> rates_;
};

}  // namespace reverie
