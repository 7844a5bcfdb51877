// Quantities of a body as a robot file names them.
#pragma once

#include <reverie/envs/robots/table.h>

#include <optional>

namespace reverie {

/// Returns the quantities of the body that a table names, one for each name in a list. Empty: it
/// names none. Throws as RobotTable does.
std::vector<Quantity> read_quantities(RobotTable& table);

/// Returns the one quantity that a table names; nullopt: none.
std::optional<Quantity> read_quantity(RobotTable& table);

/// Returns the quantity that the table under "minus" names: minus = { site_position = "goal" }.
/// Where it gives no component, that of `from` is used.
std::optional<Quantity> read_minus(RobotTable& table, const std::optional<Quantity>& from);

/// "joint_position, joint_velocity, …"
std::string names_of_quantities();

}  // namespace reverie
