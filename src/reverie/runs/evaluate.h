// How good an actor is: episodes of its own, in the real world.
#pragma once

#include <reverie/core/random.h>
#include <reverie/envs/pool.h>
#include <reverie/policies/actor.h>

#include <functional>
#include <limits>
#include <vector>

namespace reverie {

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
/// most `precision` times the mean's size, or `most` have been run. Where they are long, it ends
/// earlier: beyond `always` of them it takes no more than about `steps` real steps in all (none is
/// cut short for it).
struct EpisodeBudget {
  int64_t least = 20;
  int64_t most = 20;
  double precision = 0;
  int64_t always = 20;
  int64_t steps = std::numeric_limits<int64_t>::max();
};

/// The episodes of one evaluation.
struct Evaluation {
  std::vector<double> returns;
  std::vector<int64_t> lengths;
};

/// Runs fresh episodes side by side, in environments of its own: they count towards no budget and
/// disturb no training stream. Each environment gives its first episode, so short ones
/// weigh as much as long ones. The result depends on the actor, the settings and `random` alone.
/// `stop` is asked before each batch of episodes: where it says so, the evaluation ends with what
/// it has.
Evaluation evaluate(Actor& actor, const TaskEntry& task, const EnvConfig& env,
                    const EpisodeBudget& budget, Mode mode, const RandomStream& random,
                    const std::function<bool()>& stop = {});
inline Evaluation evaluate(Actor& actor, const TaskEntry& task, const EnvConfig& env,
                           int64_t episodes, Mode mode, const RandomStream& random) {
  return evaluate(actor, task, env, EpisodeBudget{episodes, episodes, 0, episodes}, mode, random);
}

}  // namespace reverie
