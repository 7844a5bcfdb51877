// What can be read off a MuJoCo body, by name.
#pragma once

#include <reverie/envs/columns.h>
#include <reverie/envs/mujoco/upright.h>

#include <mujoco/mujoco.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace reverie {

/// The joint of this name, or the only unnamed joint on the body of this name; -1: none.
int find_joint(const mjModel& model, const std::string& name);

/// The joint's own name, or its body's where it is the only unnamed joint there; else "joint 3".
std::string joint_name(const mjModel& model, int joint);

/// Where a joint's numbers lie in qpos, or in qvel and other arrays over degrees of freedom.
Columns position_columns(const mjModel& model, int joint);
Columns velocity_columns(const mjModel& model, int joint);

/// Numbers read off a body at one moment: `count` components from `first` on (0: all that follow)
/// of what `kind` and `name` select. Without a name: those of all joints, bodies or degrees of
/// freedom, concatenated in the order of the MJCF file, the world body first.
struct Quantity {
  enum class Kind {
    position,          ///< Of a joint: m, rad; a free joint's are x, y, z and a quaternion.
    velocity,          ///< Of a joint: m/s, rad/s.
    body_position,     ///< x, y, z of a body's frame.
    site_position,     ///< x, y, z.
    geom_position,     ///< x, y, z of a geom's centre.
    center_of_mass,    ///< x, y, z, of a body's subtree; without a name: of the whole model.
    center_velocity,   ///< Of that centre of mass, m/s (mjData.subtree_linvel).
    inertia,           ///< Of a body about the overall centre of mass: 10 numbers (mjData.cinert).
    spatial_velocity,  ///< Of a body, angular then linear: 6 numbers (mjData.cvel).
    contact_force,     ///< On a body, torque then force: 6 numbers (mjData.cfrc_ext).
    actuator_force,    ///< On a joint.
    constraint_force,  ///< On a joint, from contacts, limits and equalities.
    sensor,            ///< As the MJCF defines it.
    upright,           ///< Of a body: see upright.h. Of the state reached, like joint positions.
    control,           ///< Of all actuators, as last applied: clipped to their range.
  };
  Kind kind = Kind::position;
  std::string name = {};
  int64_t first = 0;
  int64_t count = 0;
  /// Whether to take its change per second over the last control step instead; 0 after a reset.
  bool rate = false;

  bool operator==(const Quantity&) const = default;
};

/// The keys that a robot file may use (docs/robots.md), and their kinds.
const std::vector<std::pair<std::string, Quantity::Kind>>& quantity_keys();

/// The quantity as a robot file writes it: joint_position = "rootz".
std::string as_toml(const Quantity& quantity);

/// A readable name: "velocity of rootx", "x of the center of mass", "contact force[6..]".
std::string words(const Quantity& quantity);

/// Where quantities stand in a measurement: qpos, then qvel, then the extras requested.
class MeasurementLayout {
 public:
  /// `quantities`: all that will be looked up. Throws UsageError for a name that the body does not
  /// have, listing those it has.
  MeasurementLayout(std::shared_ptr<const mjModel> model, const std::vector<Quantity>& quantities);

  const mjModel& model() const { return *model_; }
  int64_t size() const { return size_; }
  /// Throws std::out_of_range for a quantity that was not requested, UsageError for components that
  /// it does not have.
  Columns find(const Quantity& quantity) const;
  /// Writes everything measured beyond qpos and qvel, read from `data` as it stands; for a rate,
  /// the quantity itself.
  void write_extras(const mjData& data, std::span<double> out) const;
  /// Where the rates are among the extras.
  const std::vector<Columns>& rates() const { return rates_; }
  /// Whether the extras include contact forces, which must be computed after a step.
  bool has_contact_forces() const { return has(Quantity::Kind::contact_force); }
  /// Whether they include centre-of-mass velocities, which MuJoCo computes only on request.
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
