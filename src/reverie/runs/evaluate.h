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

/// The episodes of one evaluation.
struct Evaluation {
  std::vector<double> returns;
  std::vector<int64_t> lengths;
};

/// Runs `episodes` fresh episodes side by side, in environments of its own: they count towards no
/// budget and disturb no training stream. Each environment gives its first episode, so short ones
/// weigh as much as long ones. `stochastic`: actions are sampled rather than the mean. The result
/// depends on the policy, the settings and `random` alone.
Evaluation evaluate(const GaussianPolicy& policy, const TaskEntry& task, const EnvConfig& env,
                    int64_t episodes, bool stochastic, const RandomStream& random);

}  // namespace reverie
