// Exploration by noise that lasts.
#pragma once

#include <reverie/policies/actor.h>

namespace reverie {

/// Explores as `actor` does, with Ornstein-Uhlenbeck noise added to its actions, in their units:
/// x <- (1 - theta) x + sigma z, z normal, from 0 in each episode (Lillicrap et al. 2016,
/// in steps of one). Exploits as `actor` does.
std::unique_ptr<Actor> with_correlated_noise(std::unique_ptr<Actor> actor, double theta,
                                             double sigma);

}  // namespace reverie
