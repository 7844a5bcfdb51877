// How fast a pool of environments steps, beside MuJoCo's own steps alone.
#pragma once

#include <cstdint>
#include <string>

namespace reverie::benchmark {

/// Steps of a task per second, medians of several rounds in which all four take turns.
struct EnvironmentSpeed {
  std::string task;
  int64_t environments = 0;
  int threads = 1;
  double physics_on_one = 0;  ///< `mj_step` alone, with the same bodies, starts and controls.
  double pool_on_one = 0;     ///< An EnvironmentPool with one worker.
  double physics_on_all = 0;  ///< On `threads` threads that wait for each other once in a round.
  double pool_on_all = 0;     ///< With `threads` workers.

  /// What observations, rewards, ends and resets take of a worker's time.
  double overhead() const { return 1 - pool_on_one / physics_on_one; }
  double scaling() const { return pool_on_all / pool_on_one; }
};

/// `task`: of a MuJoCo body. Leaves `threads` workers behind.
EnvironmentSpeed measure_environment(const std::string& task, int64_t environments, int threads,
                                     int rounds);

}  // namespace reverie::benchmark
