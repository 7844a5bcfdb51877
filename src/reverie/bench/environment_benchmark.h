// Measures how fast a pool of environments steps, compared with MuJoCo's own steps alone.
#pragma once

#include <cstdint>
#include <string>

namespace reverie::benchmark {

/// Steps of a task per second: medians over short blocks in which all four take turns.
struct EnvironmentSpeed {
  std::string task;
  int64_t environments = 0;
  int threads = 1;
  double physics_on_one = 0;  ///< Only `mj_step`, on the same bodies, starts and controls.
  double pool_on_one = 0;     ///< An EnvironmentPool with one worker.
  double physics_on_all = 0;  ///< On `threads` threads, synchronised at each step.
  double pool_on_all = 0;     ///< With `threads` workers.
  double overhead = 0;        ///< Fraction of pool time not spent on physics, one worker.
  double scaling = 0;         ///< Speed of the pool on all relative to one.
};

/// `task`: one with a MuJoCo body. Leaves the worker count at `threads`.
EnvironmentSpeed measure_environment(const std::string& task, int64_t environments, int threads,
                                     int blocks);

}  // namespace reverie::benchmark
