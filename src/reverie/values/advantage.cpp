#include <reverie/values/advantage.h>

#include <reverie/core/error.h>
#include <reverie/nn/kernels/choice.h>
#include <reverie/values/advantage_kernels.h>
#include <reverie/values/advantage_torch.h>

namespace reverie {

Tensor generalized_advantages(const Rollouts& rollouts, const Tensor& values, double discount,
                              double lambda, const Tensor& bootstrap) {
  const auto by = kernels::serve(rollouts.reward) ? generalized_advantages_kernels
                                                  : generalized_advantages_torch;
  return by(rollouts, values, discount, lambda, bootstrap);
}

Tensor discounted_returns(const Rollouts& rollouts, double discount, const Tensor& bootstrap) {
  // With values of 0 and lambda = 1 the advantage is the return.
  return generalized_advantages(rollouts, {}, discount, 1.0, bootstrap);
}

Tensor normalized(const Tensor& advantages, const Tensor& counted) {
  const auto by = kernels::serve(advantages) ? normalized_kernels : normalized_torch;
  return by(advantages, counted);
}

void AdvantageConfig::check() const {
  if (bootstrap && discount >= 1)
    throw UsageError(
        "'advantage.bootstrap' needs an 'advantage.discount' below 1: without it what goes on "
        "beyond the time limit has no end");
}

Tensor unscaled_advantages(const Rollouts& rollouts, const AdvantageConfig& config,
                           LinearFeatureBaseline& baseline) {
  config.check();
  const Tensor returns = discounted_returns(rollouts, config.discount);
  Tensor bootstrap;
  if (config.bootstrap) {
    baseline.fit_beyond(rollouts, returns, config.discount);
    bootstrap = baseline.predict(rollouts.next_observation, rollouts.time);
  } else {
    baseline.fit(rollouts, returns);
  }
  const Tensor values = baseline.predict(rollouts.observation, rollouts.time);
  return generalized_advantages(rollouts, values, config.discount, config.gae_lambda, bootstrap);
}

Tensor advantages(const Rollouts& rollouts, const AdvantageConfig& config,
                  LinearFeatureBaseline& baseline) {
  return normalized(unscaled_advantages(rollouts, config, baseline), rollouts.counted);
}

}  // namespace reverie
