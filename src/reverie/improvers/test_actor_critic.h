// Small problems for the tests of actor-critics.
#pragma once

#include <reverie/core/archive.h>
#include <reverie/core/workers.h>
#include <reverie/envs/task.h>
#include <reverie/improvers/actor_critic.h>
#include <reverie/nn/mlp_weights.h>

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace reverie::testing {

/// A task of o observed numbers and a actions, in ranges that are not around 0.
inline TaskSpec spec_of(int64_t o, int64_t a) {
  TaskSpec spec;
  spec.name = "a task";
  spec.observation_size = o;
  for (int64_t j = 0; j < a; ++j) {
    spec.action_low.push_back(-1.0 - static_cast<double>(j));
    spec.action_high.push_back(2.0);
  }
  return spec;
}

inline Transitions random_batch(const TaskSpec& spec, int64_t n, RandomStream& random) {
  const int64_t o = spec.observation_size, a = spec.action_size();
  return {random.normal({n, o}), random.uniform({n, a}, -1, 2),  random.normal({n}),
          random.normal({n, o}), random.uniform({n}, 0, 1) < .3, random.uniform({n}, 0, 1) < .3};
}

inline std::string bytes_of(ActorCritic& learner) {
  Archive archive;
  archive("learner", learner);
  return archive.bytes();
}

/// A learner for `spec_of(5, 2)` whose random numbers are of this seed.
using MakeLearner = std::function<std::unique_ptr<ActorCritic>(uint64_t seed)>;

inline void expect_threads_change_no_bit(const MakeLearner& make, int steps) {
  std::vector<std::string> results;
  for (const int threads : {1, 2, 3}) {
    set_worker_count(threads);
    RandomStream random(2, "batches");
    const auto learner = make(1);
    for (int step = 0; step < steps; ++step)
      learner->update(random_batch(spec_of(5, 2), 256, random));
    results.push_back(bytes_of(*learner));
  }
  set_worker_count(2);
  EXPECT_TRUE(results[0] == results[1]);
  EXPECT_TRUE(results[0] == results[2]);
}

/// After `steps` updates; the one that takes over began otherwise.
inline void expect_saved_goes_on_to_the_bit(const MakeLearner& make, int steps) {
  RandomStream random(3, "batches");
  const TaskSpec spec = spec_of(5, 2);
  const auto learner = make(1), other = make(2);
  for (int step = 0; step < steps; ++step) learner->update(random_batch(spec, 64, random));
  Archive archive = Archive::from_bytes(bytes_of(*learner));
  archive("learner", *other);
  const Transitions batch = random_batch(spec, 64, random);
  learner->update(batch);
  other->update(batch);
  EXPECT_TRUE(bytes_of(*learner) == bytes_of(*other));
}

struct Recorder : Monitor {
  void record(std::string_view name, double value) override { figures[std::string(name)] = value; }
  std::map<std::string, double> figures;
};

/// A leaf in double precision.
inline Tensor wide_leaf(const Tensor& x) {
  return x.to(torch::kCPU, torch::kFloat64).clone().requires_grad_();
}

/// Q_k of the networks `weights` [K, e]: [K, n].
inline Tensor plain_q(const MlpShape& shape, const Tensor& weights, const Tensor& observation,
                      const Tensor& action) {
  const Tensor input = torch::cat({observation, action}, 1).expand({weights.size(0), -1, -1});
  return mlp_forward(shape, weights, input).squeeze(2);
}

/// u in -1..1 in the units of the task's actions.
inline Tensor in_range(const TaskSpec& spec, const Tensor& u) {
  const Tensor low = spec.lowest_action().to(u.dtype()), high = spec.highest_action().to(u.dtype());
  return low + (high - low) * (u + 1) / 2;
}

}  // namespace reverie::testing
