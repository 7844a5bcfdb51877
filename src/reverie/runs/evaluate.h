// How good a policy is: episodes of its own, in the real world.
#pragma once

#include <reverie/core/random.h>
#include <reverie/envs/pool.h>

#include <vector>

namespace reverie {

class GaussianPolicy;

/// Mean and standard deviation (of the population), summed in order.
struct Spread {
  double mean = 0;
  double std = 0;
};
Spread spread(const std::vector<double>& values);

/// The standard error of the mean of `count` values whose standard deviation (of the population) is
/// `std`: std / sqrt(count - 1). 0 for less than two values, of which nothing is known.
double standard_error(double std, int64_t count);

/// How many episodes an evaluation takes: `least`, and then until the mean's standard error is at
/// most `precision` times the mean's size, or `most` have been run.
struct EpisodeBudget {
  int64_t least = 20;
  int64_t most = 20;
  double precision = 0;
};

/// The episodes of one evaluation.
struct Evaluation {
  std::vector<double> returns;
  std::vector<int64_t> lengths;
};

/// Runs fresh episodes side by side, in environments of its own: they count towards no budget and
/// disturb no training stream. Each environment gives its first episode, so short ones
/// weigh as much as long ones. `stochastic`: actions are sampled rather than the mean. The result
/// depends on the policy, the settings and `random` alone.
Evaluation evaluate(const GaussianPolicy& policy, const TaskEntry& task, const EnvConfig& env,
                    const EpisodeBudget& budget, bool stochastic, const RandomStream& random);
inline Evaluation evaluate(const GaussianPolicy& policy, const TaskEntry& task,
                           const EnvConfig& env, int64_t episodes, bool stochastic,
                           const RandomStream& random) {
  return evaluate(policy, task, env, EpisodeBudget{episodes, episodes}, stochastic, random);
}

}  // namespace reverie
