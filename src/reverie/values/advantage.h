// Returns and advantages of rollouts.
#pragma once

#include <reverie/core/settings.h>
#include <reverie/data/transitions.h>
#include <reverie/values/linear_baseline.h>

namespace reverie {

/// Sums of discounted rewards to the end of each episode: [tasks, rows, horizon] float32. An
/// episode ends where `terminated` or `truncated` is set; a row may hold several. `bootstrap`
/// [tasks, rows, horizon], where defined, is the value of the successor state, added where an
/// episode was truncated (and not terminated); undefined, the horizon counts as the end, as in
/// MB-MPO.
Tensor discounted_returns(const Rollouts& rollouts, double discount, const Tensor& bootstrap = {});

/// Generalised advantage estimates (Schulman et al. 2016, eq. 16) from the `values` [tasks, rows,
/// horizon] of the states (undefined: zeros); `bootstrap` as above. With lambda = 1 these are
/// `discounted_returns` - values.
Tensor generalized_advantages(const Rollouts& rollouts, const Tensor& values, double discount,
                              double lambda, const Tensor& bootstrap = {});

/// Normalises to mean 0 and standard deviation 1 per task (1e-8 is added to the deviation). Where
/// `counted` [tasks, …] bool is defined, only over the steps it marks; the others become 0.
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

  /// Throws UsageError for incompatible settings.
  void check() const;
};

/// As in MB-MPO: fits `baseline` to the rollouts' own returns, then estimates and normalises the
/// advantages [tasks, rows, horizon], all over the `counted` steps; 0 in the others. With
/// `bootstrap` the baseline is fitted to returns that continue beyond the time limit (`fit_beyond`)
/// and supplies the bootstrap values; `next_observation` is needed then.
Tensor advantages(const Rollouts& rollouts, const AdvantageConfig& config,
                  LinearFeatureBaseline& baseline);
/// The same without normalisation, in reward units.
Tensor unscaled_advantages(const Rollouts& rollouts, const AdvantageConfig& config,
                           LinearFeatureBaseline& baseline);

}  // namespace reverie
