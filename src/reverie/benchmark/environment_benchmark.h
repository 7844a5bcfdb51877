// How fast a pool of environments steps, beside MuJoCo's own steps alone.
#pragma once

#include <cstdint>
#include <string>

namespace reverie::benchmark {

/// Steps of a task per second, medians over blocks of a few steps in which all four take turns.
struct EnvironmentSpeed {
  std::string task;
  int64_t environments = 0;
  int threads = 1;
  double physics_on_one = 0;  ///< `mj_step` alone, with the same bodies, starts and controls.
  double pool_on_one = 0;     ///< An EnvironmentPool with one worker.
  double physics_on_all = 0;  ///< On `threads` threads that wait for each other at each step.
  double pool_on_all = 0;     ///< With `threads` workers.
  double overhead = 0;        ///< What all but the physics takes of the pool's time on one.
  double scaling = 0;         ///< The pool on all beside the pool on one.
};

/// `task`: of a MuJoCo body. Leaves `threads` workers behind.
EnvironmentSpeed measure_environment(const std::string& task, int64_t environments, int threads,
                                     int blocks);

}  // namespace reverie::benchmark
