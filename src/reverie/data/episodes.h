// Figures of the episodes in rollouts.
#pragma once

#include <reverie/data/transitions.h>

namespace reverie {

/// How many steps an episode lasts: the mean over those that are `counted`, so that one that the
/// end of its row cuts short is none, unless it is the row's first.
double mean_episode_length(const Rollouts& rollouts);

}  // namespace reverie
