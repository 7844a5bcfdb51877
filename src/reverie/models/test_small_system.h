// A small system and its task: for tests of models.
#pragma once

#include <reverie/core/random.h>
#include <reverie/data/transitions.h>
#include <reverie/envs/task.h>

namespace reverie::testing {

inline TaskSpec spec_of_two() {
  TaskSpec spec;
  spec.observation_size = 2;
  spec.action_low = {-1};
  spec.action_high = {1};
  return spec;
}

/// Rows of a smooth system with `noise`; the reward is of a scale of its own.
inline Transitions some_data(int64_t n, double noise, RandomStream& random) {
  Transitions data;
  data.observation = random.normal({n, 2});
  data.action = random.uniform({n, 1}, -1, 1);
  data.next_observation = data.observation + 0.3 * torch::sin(data.observation.flip(1)) +
                          0.2 * data.action + noise * random.normal({n, 2});
  data.reward = 40 + 20 * data.observation.select(1, 0);
  data.terminated = data.truncated = torch::zeros({n}, torch::kBool);
  return data;
}

}  // namespace reverie::testing
