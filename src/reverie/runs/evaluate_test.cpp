#include <reverie/runs/evaluate.h>

#include <reverie/core/workers.h>
#include <reverie/envs/suites/registry.h>
#include <reverie/envs/task_entry.h>
#include <reverie/policies/gaussian_policy.h>
#include <reverie/runs/adapt.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace reverie {
namespace {

const TaskEntry& pendulum() {
  return find_task("classic/pendulum");
}

GaussianPolicy make_policy() {
  RandomStream random(1, "policy");
  const TaskSpec spec = pendulum().spec();
  return GaussianPolicy(spec.observation_size, spec.action_size(), PolicyConfig{}, random);
}

Evaluation measured(const EpisodeBudget& budget, const std::function<bool()>& stop = {}) {
  const GaussianPolicy policy = make_policy();
  return evaluate(*actor_of(policy), pendulum(), EnvConfig{}, budget, Mode::exploit,
                  RandomStream(1, "eval"), stop);
}

TEST(Evaluate, SpreadOfKnownNumbers) {
  EXPECT_EQ(spread({1, 3}).mean, 2.0);
  EXPECT_EQ(spread({1, 3}).std, 1.0);
  EXPECT_EQ(spread({}).mean, 0.0);
}

TEST(Evaluate, StandardErrorOfKnownNumbers) {
  EXPECT_DOUBLE_EQ(standard_error(3.0, 10), 1.0);  // sqrt(9 * 10 / 9 / 10)
  EXPECT_EQ(standard_error(3.0, 1), 0.0);
}

TEST(Evaluate, GoesOnUntilTheMeanIsKnown) {
  const auto all = measured({200, 200}).returns;
  const Spread returns = spread(all);
  // A precision that 100 episodes miss and 164 or 200 reach, by the spread of all of them.
  const double precision = returns.std / std::sqrt(140.0) / std::abs(returns.mean);
  const auto some = measured({100, 200, precision}).returns;
  EXPECT_GT(some.size(), 100u);
  EXPECT_LE(standard_error(spread(some).std, static_cast<int64_t>(some.size())),
            precision * std::abs(spread(some).mean));
  EXPECT_EQ(measured({30, 200, 1.0}).returns.size(), 30u) << "known at once";
  EXPECT_EQ(measured({30, 90, 0.0}).returns.size(), 90u) << "never known";
}

TEST(Evaluate, EndsWhereItsStepsAreUsedUp) {
  ASSERT_EQ(pendulum().spec().horizon, 200);
  const auto count = [](const EpisodeBudget& budget) { return measured(budget).returns.size(); };
  EXPECT_EQ(count({30, 90, 0.0, 5, 200 * 40}), 40u);
  EXPECT_EQ(count({30, 90, 0.0, 5, 200 * 10}), 10u);
  EXPECT_EQ(count({30, 90, 0.0, 5, 200 * 2}), 5u) << "these always";
  EXPECT_EQ(count({30, 90, 1.0, 5, 200 * 40}), 30u);
}

TEST(Evaluate, EndsBetweenBatchesWhereItIsStopped) {
  int asked = 0;
  const auto found = measured({150, 150}, [&] { return ++asked == 2; });
  EXPECT_EQ(found.returns.size(), 64u);
}

TEST(Evaluate, RunsAsManyEpisodesAsAsked) {
  const auto found = measured({70, 70});
  ASSERT_EQ(found.returns.size(), 70u);  // more than run side by side
  EXPECT_THAT(found.lengths, ::testing::Each(pendulum().spec().horizon));
  EXPECT_GT(spread(found.returns).std, 0.0) << "initial states must differ";
}

TEST(Evaluate, DependsOnItsStreamAloneAndNotOnThreads) {
  const auto policy = make_policy();
  const auto measure = [&](Mode mode, uint64_t seed) {
    return evaluate(*actor_of(policy), pendulum(), EnvConfig{}, 5, mode, RandomStream(seed, "eval"))
        .returns;
  };
  const int workers = worker_count();
  const auto first = measure(Mode::explore, 1);
  set_worker_count(3);
  EXPECT_EQ(measure(Mode::explore, 1), first);
  set_worker_count(workers);
  EXPECT_NE(measure(Mode::explore, 2), first);
  EXPECT_NE(measure(Mode::exploit, 1), first);
}

TEST(Adapt, RolloutsAreWholeRows) {
  EnvConfig env;
  env.horizon = 30;
  const auto rollouts =
      collect_rollouts(make_policy(), pendulum(), env, 4, RandomStream(1, "adapt"));
  EXPECT_EQ(rollouts.reward.sizes(), (std::vector<int64_t>{1, 4, 30}));
  EXPECT_EQ(rollouts.time.select(2, 29).min().item<float>(), 29.0f);
  EXPECT_EQ(rollouts.truncated.sum().item<int64_t>(), 4);
  EXPECT_TRUE(
      torch::equal(rollouts.observation.slice(2, 1), rollouts.next_observation.slice(2, 0, -1)));
}

TEST(Adapt, StepsFollowTheGradientAndLeaveTheOriginal) {
  const auto policy = make_policy();
  const Tensor before = policy.parameters().clone();
  AdaptOptions options;
  options.steps = 2;
  options.episodes = 3;
  const auto adapt = [&](double learning_rate) {
    options.by.learning_rate = learning_rate;
    return adapt_in_world(policy, pendulum(), EnvConfig{}, options, RandomStream(1, "adapt"))
        .parameters();
  };
  EXPECT_TRUE(torch::equal(adapt(0), before));
  EXPECT_FALSE(torch::equal(adapt(0.1), before));
  EXPECT_TRUE(torch::equal(adapt(0.1), adapt(0.1)));
  EXPECT_TRUE(torch::equal(policy.parameters(), before));
}

}  // namespace
}  // namespace reverie
