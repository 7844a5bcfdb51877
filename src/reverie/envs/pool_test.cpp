// What a pool of environments does beside what the conformance suite asks of every task.
#include <reverie/core/error.h>
#include <reverie/envs/pool.h>
#include <reverie/envs/suites/registry.h>

#include <gtest/gtest.h>

#include <limits>

namespace reverie {
namespace {

struct PoolTest : testing::TestWithParam<int> {
  void SetUp() override { set_worker_count(GetParam()); }
  void TearDown() override { set_worker_count(1); }

  EnvironmentPool make(int64_t count) const {
    EnvConfig config;
    config.horizon = 7;  // several episodes
    return {find_task("gym/hopper"), config, count, RandomStream(1, "pool")};
  }
  static Tensor actions(int64_t steps, int64_t count) {
    RandomStream random(2, "actions");
    return random.uniform({steps, count, 3}, -1, 1);
  }
};

TEST_P(PoolTest, StepsInHalvesAreSteps) {
  for (const int64_t count : {1, 2, 3, 33}) {
    EnvironmentPool whole = make(count), first = make(count), second = make(count);
    for (EnvironmentPool* pool : {&whole, &first, &second}) pool->reset();
    const Tensor moves = actions(20, count);
    for (int64_t t = 0; t < moves.size(0); ++t) {
      first.send(moves[t]);
      second.send(moves[t]);  // while the first is under way
      const StepResult expected = whole.step(moves[t]);
      for (EnvironmentPool* pool : {&second, &first}) {
        const StepResult result = pool->receive();
        ASSERT_TRUE(result.next_observation.equal(expected.next_observation));
        ASSERT_TRUE(result.reward.equal(expected.reward));
        ASSERT_TRUE(result.truncated.equal(expected.truncated));
        ASSERT_TRUE(pool->observation().equal(whole.observation()));
        ASSERT_EQ(pool->finished().size(), whole.finished().size());
      }
    }
  }
}

TEST_P(PoolTest, SendAndReceiveTakeTurns) {
  EnvironmentPool pool = make(3);
  pool.reset();
  EXPECT_THROW(pool.receive(), std::logic_error);
  const Tensor moves = actions(1, 3)[0];
  pool.send(moves);
  EXPECT_THROW(pool.send(moves), std::logic_error);
  EXPECT_THROW(pool.reset(), std::logic_error);
  pool.receive();
  pool.step(moves);
}

TEST_P(PoolTest, WhatTheWorkersThrowArrivesAtReceive) {
  EnvironmentPool pool = make(9);
  pool.reset();
  Tensor moves = actions(1, 9)[0];
  moves[5][0] = std::numeric_limits<float>::quiet_NaN();
  pool.send(moves);
  EXPECT_THROW(pool.receive(), NonFiniteError);
  EXPECT_THROW(pool.receive(), std::logic_error);
  pool.reset();
  pool.step(actions(1, 9)[0]);
  pool.send(actions(1, 9)[0]);  // and is not waited for
}

INSTANTIATE_TEST_SUITE_P(Workers, PoolTest, testing::Values(1, 2, 5));

}  // namespace
}  // namespace reverie
