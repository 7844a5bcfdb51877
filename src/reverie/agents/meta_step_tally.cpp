#include <reverie/agents/meta_step_tally.h>

#include <reverie/data/episodes.h>
#include <reverie/policies/gaussian_policy.h>

namespace reverie {

void MetaStepTally::add(const ImprovementReport& report, const Rollouts& before,
                        const Rollouts& after) {
  ++steps_;
  kl_ += report.kl;
  accepted_ += report.accepted ? 1 : 0;
  imagined_before_ = first_returns(before).mean().item<double>();
  imagined_after_ = first_returns(after).mean().item<double>();
  episode_length_ = mean_episode_length(after);
}

void MetaStepTally::record(const GaussianPolicy& policy) const {
  monitor_.record("policy/kl", kl_ / steps_);
  monitor_.record("policy/accepted", accepted_ / steps_);
  monitor_.record("policy/std", mean_std(policy));
  monitor_.record("return/imagined_before", imagined_before_);
  monitor_.record("return/imagined", imagined_after_);
  monitor_.record("imagination/episode_length", episode_length_);
}

}  // namespace reverie
