// Exploration by temporally correlated noise.
#pragma once

#include <reverie/policies/actor.h>

namespace reverie {

/// Explores like `actor`, with Ornstein-Uhlenbeck noise added to its actions, in their units: x <-
/// (1 - theta) x + sigma z, z normal, starting from 0 in each episode (Lillicrap et al. 2016, with
/// a time step of one). Exploits like `actor`.
std::unique_ptr<Actor> with_correlated_noise(std::unique_ptr<Actor> actor, double theta,
                                             double sigma);

}  // namespace reverie
