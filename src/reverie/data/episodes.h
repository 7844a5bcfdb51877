// Statistics of the episodes in rollouts.
#pragma once

#include <reverie/data/transitions.h>

namespace reverie {

/// Returns the mean length in steps of the `counted` episodes: an episode cut short by the end of
/// its row is left out, unless it is the row's first.
double mean_episode_length(const Rollouts& rollouts);

/// Returns the mean undiscounted return of the same episodes.
double mean_episode_return(const Rollouts& rollouts);

}  // namespace reverie
