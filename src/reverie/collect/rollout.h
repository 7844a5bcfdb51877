// Acting in the real world for a while.
#pragma once

#include <reverie/data/transitions.h>
#include <reverie/envs/world.h>
#include <reverie/policies/actor.h>

#include <functional>

namespace reverie {

/// Starts new episodes everywhere and takes `steps` steps in each environment of `world`, with the
/// actions [n, a] that `act` chooses for observations [n, o]. Returns rollouts of one task,
/// [1, n, steps, …]; an episode that ends makes room for the next, and one that is unfinished at
/// the end is not `counted` unless it is an environment's first.
Rollouts roll_out(World& world, int64_t steps, const std::function<Tensor(const Tensor&)>& act);

/// The same with the actions of `actor`, which sees what comes of them.
Rollouts roll_out(World& world, int64_t steps, Actor& actor, Mode mode, RandomStream& random);

}  // namespace reverie
