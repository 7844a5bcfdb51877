// Whether episodes begin where they end.
#pragma once

#include <reverie/core/random.h>

#include <string>

namespace reverie {

class Environment;

/// Where the first states that `random` draws end an episode already, all that are tried, as of a
/// robot whose ranges don't fit it: a warning for people. Else empty.
std::string warn_of_first_states(Environment& environment, RandomStream random);

}  // namespace reverie
