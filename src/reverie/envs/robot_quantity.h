// Quantities of a body as a robot's file names them.
#pragma once

#include <reverie/envs/robot_table.h>

#include <optional>

namespace reverie {

/// Quantities that the body has, as a table names them; one each of several names, where it may
/// list them. Empty: it names none. Throws as RobotTable does.
std::vector<Quantity> read_quantities(RobotTable& table);

/// The one quantity that a table names; none: nullopt.
std::optional<Quantity> read_quantity(RobotTable& table);

/// The quantity that `key`'s own table names: minus = { site_position = "goal" }. Where it says no
/// component of its own, it is the one that `from` has.
std::optional<Quantity> read_minus(RobotTable& table, const std::optional<Quantity>& from);

/// "joint_position, joint_velocity, …"
std::string names_of_quantities();

}  // namespace reverie
