// What a robot's file says of observation, reward and health: one table each.
#pragma once

#include <reverie/envs/robot_quantity.h>
#include <reverie/envs/task_description.h>

namespace reverie {

/// An entry of [[observe]], which may name several joints (bodies, sites, …) at once: adds a part
/// for each. These throw as RobotTable does.
void read_observed(RobotTable& table, std::vector<ObservedPart>& parts);

/// An entry of [[reward]]; `observed`: all that is.
RewardTerm read_reward(RobotTable& table, const std::vector<ObservedPart>& observed);

/// An entry of [[healthy]].
HealthyRange read_healthy(RobotTable& table);

}  // namespace reverie
