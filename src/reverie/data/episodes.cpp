#include <reverie/data/episodes.h>

namespace reverie {

namespace {

/// The mean over episodes of the sum over their steps of `each` [tasks, rows, horizon].
double mean_over_episodes(const Rollouts& rollouts, const Tensor& each) {
  // Each row's last step is marked as the end of an episode.
  const Tensor ends = rollouts.terminated | rollouts.truncated;
  const Tensor counted = rollouts.counted.defined() ? rollouts.counted : torch::ones_like(ends);
  const double episodes = (ends & counted).sum().item<double>();
  return (each * counted).sum(torch::kFloat64).item<double>() / episodes;
}

}  // namespace

double mean_episode_length(const Rollouts& rollouts) {
  return mean_over_episodes(rollouts, torch::ones_like(rollouts.reward));
}

double mean_episode_return(const Rollouts& rollouts) {
  return mean_over_episodes(rollouts, rollouts.reward);
}

}  // namespace reverie
