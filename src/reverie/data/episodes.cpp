#include <reverie/data/episodes.h>

namespace reverie {

double mean_episode_length(const Rollouts& rollouts) {
  // Each row's last step is marked as the end of an episode.
  auto ends = rollouts.terminated | rollouts.truncated;
  int64_t steps = rollouts.reward.numel();
  if (rollouts.counted.defined()) {
    ends = ends & rollouts.counted;
    steps = rollouts.counted.sum().item<int64_t>();
  }
  return static_cast<double>(steps) / static_cast<double>(ends.sum().item<int64_t>());
}

}  // namespace reverie
