// Warns of episodes that end where they begin.
#pragma once

#include <reverie/core/random.h>

#include <string>

namespace reverie {

class Environment;

/// Returns a warning for the user where every initial state tried, drawn from `random`, already
/// ends the episode, e.g. because a robot's healthy ranges don't fit it; otherwise empty.
std::string warn_of_first_states(Environment& environment, RandomStream random);

}  // namespace reverie
