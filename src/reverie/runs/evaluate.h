// Evaluates an actor on fresh episodes in the real environment.
#pragma once

#include <reverie/core/random.h>
#include <reverie/envs/pool.h>
#include <reverie/envs/task_entry.h>
#include <reverie/policies/actor.h>

#include <functional>
#include <limits>
#include <vector>

namespace reverie {

/// Mean and (population) standard deviation, summed in order.
struct Spread {
  double mean = 0;
  double std = 0;
};
Spread spread(const std::vector<double>& values);

/// The standard error of the mean of `count` values with (population) standard deviation `std`:
/// std / sqrt(count - 1). 0 for fewer than two values, where it is unknown.
double standard_error(double std, int64_t count);

/// How many episodes an evaluation takes: at least `least`, then more until the mean's standard
/// error is at most `precision` times the mean's magnitude, or `most` have been run. Long episodes
/// end it earlier: beyond `always` episodes it takes no more than about `steps` real steps in all
/// (no episode is cut short for this).
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

/// Runs fresh episodes in parallel, in separate environments: they count towards no budget and
/// disturb no training stream. Each environment contributes its first episode only, so short
/// episodes weigh as much as long ones. The result depends only on the actor, the settings and
/// `random`. `stop` is called before each batch of episodes; where it returns true, the evaluation
/// ends with the episodes run so far.
Evaluation evaluate(Actor& actor, const TaskEntry& task, const EnvConfig& env,
                    const EpisodeBudget& budget, Mode mode, const RandomStream& random,
                    const std::function<bool()>& stop = {});
inline Evaluation evaluate(Actor& actor, const TaskEntry& task, const EnvConfig& env,
                           int64_t episodes, Mode mode, const RandomStream& random) {
  return evaluate(actor, task, env, EpisodeBudget{episodes, episodes, 0, episodes}, mode, random);
}

}  // namespace reverie
