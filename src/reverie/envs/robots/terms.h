// A robot file's entries on observation, reward and health: one table each.
#pragma once

#include <reverie/envs/mujoco/task_description.h>
#include <reverie/envs/robots/quantity.h>

namespace reverie {

/// Reads an entry of [[observe]], which may name several joints (bodies, sites, …) at once: adds a
/// part for each. The functions here throw as RobotTable does.
void read_observed(RobotTable& table, std::vector<ObservedPart>& parts);

/// Reads an entry of [[reward]]; `observed`: everything observed.
RewardTerm read_reward(RobotTable& table, const std::vector<ObservedPart>& observed);

/// Reads an entry of [[healthy]].
HealthyRange read_healthy(RobotTable& table);

}  // namespace reverie
