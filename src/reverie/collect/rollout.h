// Rollouts in the real world.
#pragma once

#include <reverie/data/transitions.h>
#include <reverie/envs/world.h>
#include <reverie/policies/actor.h>

namespace reverie {

/// Resets all environments of `world` and takes `steps` steps in each with the actions of `actor`,
/// which also observes the resulting transitions. Returns rollouts of one task, [1, n, steps, …].
/// An episode that ends is followed by a new one; one that is unfinished at the end is not
/// `counted` unless it is its environment's first.
Rollouts roll_out(World& world, int64_t steps, Actor& actor, Mode mode, RandomStream& random);

}  // namespace reverie
