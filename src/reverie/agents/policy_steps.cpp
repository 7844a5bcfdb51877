#include <reverie/agents/policy_steps.h>

#include <reverie/data/episodes.h>
#include <reverie/policies/gaussian_policy.h>

namespace reverie {
namespace {

double mean_return(const Rollouts& rollouts) {
  return first_returns(rollouts).mean().item<double>();
}

}  // namespace

void PolicySteps::add(const ImprovementReport& report, const Rollouts& rollouts) {
  after_ = mean_return(rollouts);
  if (count_ == 0) before_ = marked_ = after_;
  ++count_;
  kl_ += report.kl;
  accepted_ += report.accepted ? 1 : 0;
  episode_length_ = mean_episode_length(rollouts);
}

void PolicySteps::add(const ImprovementReport& report, const Rollouts& before,
                      const Rollouts& after) {
  add(report, after);
  before_ = mean_return(before);
}

void PolicySteps::record(const GaussianPolicy& policy) const {
  monitor_.record("policy/steps", count_);
  monitor_.record("policy/kl", kl_ / count_);
  monitor_.record("policy/accepted", accepted_ / count_);
  monitor_.record("policy/std", mean_std(policy));
  monitor_.record("return/imagined_before", before_);
  monitor_.record("return/imagined", after_);
  monitor_.record("imagination/episode_length", episode_length_);
}

}  // namespace reverie
