// Returns and advantages of rollouts.
#pragma once

#include <reverie/core/settings.h>
#include <reverie/data/transitions.h>
#include <reverie/values/linear_baseline.h>

namespace reverie {

/// Sums of discounted rewards to the end of each episode: [tasks, rows, horizon] float32. An
/// episode ends where `terminated` or `truncated` is set; several may follow each other in a row.
/// `bootstrap` [tasks, rows, horizon], where defined, is the value of the successor state, counted
/// where an episode was truncated (and not terminated); undefined, the horizon counts as the end,
/// as MB-MPO has it.
Tensor discounted_returns(const Rollouts& rollouts, double discount, const Tensor& bootstrap = {});

/// Generalised advantage estimates (Schulman et al. 2016, eq. 16) from `values`
/// [tasks, rows, horizon] of the states acted in; `bootstrap` as above. With lambda = 1 these are
/// `discounted_returns` - values.
Tensor generalized_advantages(const Rollouts& rollouts, const Tensor& values, double discount,
                              double lambda, const Tensor& bootstrap = {});

/// Shifted and scaled to mean 0 and standard deviation 1 over each task (1e-8 is added to the
/// deviation); where `counted` [tasks, …] bool is defined, over the steps it holds, and 0 in the
/// others.
Tensor normalized(const Tensor& advantages, const Tensor& counted = {});

struct AdvantageConfig {
  double discount = 0.99;
  double gae_lambda = 1.0;
  bool bootstrap = false;

  void describe(Settings& settings) {
    settings.add("discount", discount, "discount of a step, gamma", between(0, 1));
    settings.add("gae_lambda", gae_lambda, "lambda of the advantage estimate", between(0, 1));
    settings.add("bootstrap", bootstrap,
                 "whether the return goes on beyond the time limit, at the baseline's value, which "
                 "is then one of the state alone; needs a discount below 1");
  }

  /// Throws UsageError for settings that don't go together.
  void check() const;
};

/// As MB-MPO has it: fits `baseline` to the rollouts' own returns, then estimates and normalises,
/// all over the steps that are `counted`; 0 in the others. With `bootstrap` the baseline is fitted
/// to what goes on beyond the time limit (`fit_beyond`) and stands for it in the estimates;
/// `next_observation` is needed then. [tasks, rows, horizon].
Tensor advantages(const Rollouts& rollouts, const AdvantageConfig& config,
                  LinearFeatureBaseline& baseline);
/// The same in the units of the rewards.
Tensor unscaled_advantages(const Rollouts& rollouts, const AdvantageConfig& config,
                           LinearFeatureBaseline& baseline);

}  // namespace reverie
