#include <reverie/agents/imagined_steps.h>

#include <reverie/data/episodes.h>
#include <reverie/policies/gaussian_policy.h>

namespace reverie {

void ImaginedSteps::add(const ImprovementReport& report, const Rollouts& rollouts) {
  const double imagined = first_returns(rollouts).mean().item<double>();
  if (steps_ == 0) first_ = marked_ = imagined;
  last_ = imagined;
  ++steps_;
  kl_ += report.kl;
  accepted_ += report.accepted ? 1 : 0;
  episode_length_ = mean_episode_length(rollouts);
}

void ImaginedSteps::record(const GaussianPolicy& policy) const {
  monitor_.record("policy/steps", steps_);
  monitor_.record("policy/kl", kl_ / steps_);
  monitor_.record("policy/accepted", accepted_ / steps_);
  monitor_.record("policy/std", mean_std(policy));
  monitor_.record("return/imagined_before", first_);
  monitor_.record("return/imagined", last_);
  monitor_.record("imagination/episode_length", episode_length_);
}

}  // namespace reverie
