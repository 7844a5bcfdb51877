#include <reverie/core/error.h>
#include <reverie/core/random.h>
#include <reverie/core/workers.h>
#include <reverie/data/test_counted.h>
#include <reverie/policies/test_samples.h>
#include <reverie/values/advantage.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

using testing::random_rollouts;

/// The estimate as its definition: sum_k (gamma lambda)^k delta_{t+k} to the end of the episode.
Tensor by_definition(const Rollouts& r, const Tensor& values, double gamma, double lambda,
                     const Tensor& bootstrap) {
  Tensor result = torch::zeros_like(values);
  for (int64_t i = 0; i < r.tasks(); ++i) {
    for (int64_t j = 0; j < r.rows(); ++j) {
      for (int64_t t = 0; t < r.horizon(); ++t) {
        double sum = 0.0, weight = 1.0;
        for (int64_t k = t; k < r.horizon(); ++k, weight *= gamma * lambda) {
          const bool terminated = r.terminated[i][j][k].item<bool>();
          const bool truncated = r.truncated[i][j][k].item<bool>();
          double next = 0.0;
          if (truncated && bootstrap.defined()) next = bootstrap[i][j][k].item<double>();
          if (!terminated && !truncated) next = values[i][j][k + 1].item<double>();
          sum += weight *
                 (r.reward[i][j][k].item<double>() + gamma * next - values[i][j][k].item<double>());
          if (terminated || truncated) break;
        }
        result[i][j][t] = sum;
      }
    }
  }
  return result;
}

TEST(Advantage, EqualsItsDefinitionAcrossEpisodeBorders) {
  RandomStream random(1, "advantage");
  const Rollouts rollouts = random_rollouts(2, 3, 40, 3, random);
  const Tensor values = random.normal({2, 3, 40}), beyond = random.normal({2, 3, 40});
  for (const double lambda : {0.0, 0.9, 1.0}) {
    for (const Tensor& bootstrap : {Tensor(), beyond}) {
      const Tensor got = generalized_advantages(rollouts, values, 0.97, lambda, bootstrap);
      const Tensor exact = by_definition(rollouts, values, 0.97, lambda, bootstrap);
      EXPECT_LT((got - exact).abs().max().item<double>(), 1e-5);
    }
  }
}

TEST(Advantage, WithLambdaOneIsTheReturnLessTheValue) {
  RandomStream random(2, "advantage");
  const Rollouts rollouts = random_rollouts(2, 5, 60, 3, random);
  const Tensor values = random.normal({2, 5, 60});
  const Tensor returns = discounted_returns(rollouts, 0.99);
  const Tensor got = generalized_advantages(rollouts, values, 0.99, 1.0);
  EXPECT_LT((got - (returns - values)).abs().max().item<double>(), 2e-5);
}

TEST(Advantage, ReturnOfAConstantRewardIsAGeometricSum) {
  RandomStream random(3, "advantage");
  Rollouts rollouts = random_rollouts(1, 1, 50, 3, random);
  rollouts.reward.fill_(1.0);
  rollouts.terminated.fill_(false);
  rollouts.truncated.fill_(false);
  rollouts.truncated[0][0][49] = true;
  const Tensor returns = discounted_returns(rollouts, 0.9);
  EXPECT_NEAR(returns[0][0][0].item<double>(), (1 - std::pow(0.9, 50)) / 0.1, 1e-5);
  const Tensor forever = discounted_returns(rollouts, 0.9, torch::full({1, 1, 50}, 10.0));
  EXPECT_NEAR(forever[0][0][17].item<double>(), 10.0, 1e-5);
}

TEST(Advantage, IsNormalisedTaskByTask) {
  RandomStream random(4, "advantage");
  const Tensor raw =
      random.normal({3, 4, 50}) * torch::tensor({1.0, 10.0, 0.1}).view({3, 1, 1}) + 5;
  const Tensor got = normalized(raw);
  for (int64_t task = 0; task < 3; ++task) {
    EXPECT_NEAR(got[task].mean().item<double>(), 0.0, 1e-5);
    EXPECT_NEAR(got[task].std(false).item<double>(), 1.0, 1e-4);
  }
  EXPECT_EQ(normalized(torch::full({1, 2, 3}, 4.0)).abs().max().item<double>(), 0.0);
}

/// Reward 1, every episode 120 steps long, `rows` rows of `horizon`, observed nothing.
Rollouts episodes_of_120(int64_t rows, int64_t horizon) {
  Rollouts rollouts;
  rollouts.observation = rollouts.next_observation = torch::zeros({1, rows, horizon, 2});
  rollouts.action = torch::zeros({1, rows, horizon, 1});
  rollouts.reward = torch::ones({1, rows, horizon});
  rollouts.time = torch::arange(horizon).remainder(120).to(torch::kFloat32);
  rollouts.time = rollouts.time.expand({1, rows, horizon}).contiguous();
  rollouts.terminated = rollouts.time == 119;
  rollouts.truncated = torch::zeros_like(rollouts.terminated);
  rollouts.truncated.select(2, horizon - 1)
      .copy_(rollouts.terminated.select(2, horizon - 1).logical_not());
  leave_out_unfinished(rollouts, 1000);
  return rollouts;
}

// By hand: the return of step t of an episode is (1 - 0.99^(120 - t)) / 0.01, the baseline the
// cubic in t that lies nearest to these 120 numbers; the advantages are what is left, scaled.
Tensor advantages_of_an_episode_of_120() {
  const Tensor t = torch::arange(120, torch::kFloat64);
  const Tensor returns = (1 - torch::pow(0.99, 120 - t)) / 0.01;
  const Tensor x = t / 100, phi = torch::stack({x, x * x, x * x * x, torch::ones_like(x)}, 1);
  const Tensor w = std::get<0>(torch::linalg_lstsq(phi, returns.unsqueeze(1)));
  const Tensor left = returns - torch::mm(phi, w).squeeze(1);
  return left / left.std(/*unbiased=*/false);
}

TEST(Advantages, AnEpisodeThatTheRowsEndCutsHasNoWeight) {
  const Rollouts rollouts = episodes_of_120(3, 200);
  EXPECT_TRUE(torch::equal(rollouts.counted, testing::counted_by_hand(rollouts, 1000)));
  EXPECT_EQ(rollouts.counted.sum().item<int64_t>(), 3 * 120);
  LinearFeatureBaseline baseline;
  const Tensor got = advantages(rollouts, {0.99, 1.0, false}, baseline);
  const Tensor exact = advantages_of_an_episode_of_120();
  for (int64_t row = 0; row < 3; ++row) {
    EXPECT_LT((got[0][row].slice(0, 0, 120) - exact).abs().max().item<double>(), 0.01);
    EXPECT_EQ(got[0][row].slice(0, 120).abs().max().item<double>(), 0.0);
  }
  // Taken for an end, the cut made up to 1.7 of what is 0 or little.
  Rollouts everything = rollouts;
  everything.counted = Tensor();
  const Tensor wrong = advantages(everything, {0.99, 1.0, false}, baseline);
  EXPECT_GT(wrong[0][0].slice(0, 0, 120).mean().item<double>(), 0.5);
  EXPECT_LT(wrong[0][0].slice(0, 120).mean().item<double>(), -0.8);
}

TEST(Advantages, WhatIsCountedIsAsIfNothingElseWereThere) {
  // Episodes that fill the rows, and the same with a cut one behind.
  LinearFeatureBaseline baseline;
  const Tensor whole = advantages(episodes_of_120(4, 120), {0.99, 0.9, false}, baseline);
  const Tensor weights = baseline.weights().clone();
  const Rollouts longer = episodes_of_120(4, 152);
  const Tensor some = advantages(longer, {0.99, 0.9, false}, baseline);
  EXPECT_TRUE(torch::equal(baseline.weights(), weights));
  EXPECT_TRUE(torch::equal(some.slice(2, 0, 120), whole));
}

TEST(Advantages, TheFirstEpisodeOfARowCountsWhereverItIsCut) {
  const Rollouts rollouts = episodes_of_120(2, 100);
  EXPECT_FALSE(rollouts.counted.defined());
  // And one that ends with its row is whole: by the task, or by its own limit of steps.
  EXPECT_FALSE(episodes_of_120(2, 240).counted.defined());
  Rollouts timed_out = episodes_of_120(2, 200);
  timed_out.counted = Tensor();
  leave_out_unfinished(timed_out, 80);
  EXPECT_FALSE(timed_out.counted.defined());
}

TEST(LinearBaseline, EqualsTheRidgeSolution) {
  RandomStream random(5, "baseline");
  const Rollouts rollouts = random_rollouts(3, 6, 50, 4, random);
  rollouts.observation[0][0][0][0] = 1e4;  // clipped to 10
  const Tensor returns = discounted_returns(rollouts, 0.99);
  LinearFeatureBaseline baseline(1e-5);
  baseline.fit(rollouts, returns);
  const Tensor predicted = baseline.predict(rollouts.observation, rollouts.time);
  for (int64_t task = 0; task < 3; ++task) {
    const Tensor o = rollouts.observation[task].reshape({-1, 4}).clamp(-10, 10).to(torch::kFloat64);
    const Tensor t = rollouts.time[task].reshape({-1, 1}).to(torch::kFloat64) / 100;
    const Tensor phi = torch::cat({o, o * o, t, t * t, t * t * t, torch::ones_like(t)}, 1);
    const Tensor a = torch::mm(phi.t(), phi) + 1e-5 * torch::eye(12, torch::kFloat64);
    const Tensor b = torch::mv(phi.t(), returns[task].reshape(-1).to(torch::kFloat64));
    const Tensor w = torch::mv(torch::linalg_inv(a), b);
    EXPECT_LT((baseline.weights()[task] - w).abs().max().item<double>(), 1e-6);
    EXPECT_LT((predicted[task].reshape(-1) - torch::mv(phi, w)).abs().max().item<double>(), 1e-4);
  }
}

/// Rows of one episode each from random states, which the horizon cuts: s' = 0.9 s, observed and
/// paid for.
Rollouts fading(int64_t rows, int64_t horizon) {
  RandomStream random(10, "fading");
  const Tensor start = random.normal({1, rows, 1});
  const Tensor steps = torch::arange(horizon).to(torch::kFloat32);
  const Tensor state = start * torch::pow(0.9, steps);
  Rollouts rollouts;
  rollouts.observation = state.unsqueeze(3);
  rollouts.next_observation = 0.9 * rollouts.observation;
  rollouts.reward = state.clone();
  rollouts.terminated = torch::zeros({1, rows, horizon}, torch::kBool);
  rollouts.truncated = torch::zeros({1, rows, horizon}, torch::kBool);
  rollouts.truncated.select(2, horizon - 1).fill_(true);
  rollouts.time = steps.expand({1, rows, horizon}).contiguous();
  return rollouts;
}

// Reward 1 for ever, discounted by 0.99: 100, wherever the time limit cuts.
TEST(LinearBaseline, BeyondTheTimeLimitAConstantRewardIsWorthItsGeometricSum) {
  for (const int64_t horizon : {5, 50, 200}) {
    Rollouts rollouts = fading(20, horizon);
    rollouts.reward.fill_(1.0);
    LinearFeatureBaseline baseline;
    baseline.fit_beyond(rollouts, discounted_returns(rollouts, 0.99), 0.99);
    const Tensor here = baseline.predict(rollouts.observation, rollouts.time);
    const Tensor beyond = baseline.predict(rollouts.next_observation, rollouts.time + 1);
    EXPECT_LT((here - 100).abs().max().item<double>(), 0.01) << horizon;
    EXPECT_LT((beyond - 100).abs().max().item<double>(), 0.01) << horizon;
    // And no step is better than another.
    const Tensor estimates = generalized_advantages(rollouts, here, 0.99, 0.95, beyond);
    EXPECT_LT(estimates.abs().max().item<double>(), 0.01) << horizon;
  }
}

// V(s) = s / (1 - 0.99 0.9), whatever the horizon.
TEST(LinearBaseline, BeyondTheTimeLimitAFadingRewardIsWorthWhatItSumsUpTo) {
  for (const int64_t horizon : {3, 30}) {
    const Rollouts rollouts = fading(40, horizon);
    LinearFeatureBaseline baseline;
    baseline.fit_beyond(rollouts, discounted_returns(rollouts, 0.99), 0.99);
    const Tensor here = baseline.predict(rollouts.observation, rollouts.time);
    EXPECT_LT((here - rollouts.reward / (1 - 0.99 * 0.9)).abs().max().item<double>(), 1e-3);
  }
}

// A task that ends with probability 0.05 at each step: V = 1 / (1 - 0.99 0.95).
TEST(LinearBaseline, BeyondATerminationThereIsNothing) {
  RandomStream random(11, "ends");
  Rollouts rollouts = random_rollouts(1, 400, 50, 2, random, 1.0);
  rollouts.reward.fill_(1.0);
  rollouts.terminated = random.uniform({1, 400, 50}, 0, 1) < 0.05;
  rollouts.truncated.fill_(false);
  rollouts.truncated.select(2, 49).copy_(rollouts.terminated.select(2, 49).logical_not());
  LinearFeatureBaseline baseline;
  baseline.fit_beyond(rollouts, discounted_returns(rollouts, 0.99), 0.99);
  const Tensor here = baseline.predict(rollouts.observation, rollouts.time);
  EXPECT_NEAR(here.mean().item<double>(), 1 / (1 - 0.99 * 0.95), 0.7);
}

// What grows by 1 / gamma a step is worth as much one step on: the equation for its weight is
// 0 w = b, but for the ridge and roundings.
TEST(LinearBaseline, BeyondTheTimeLimitNoValueIsLargerThanRewardsCouldSumUpTo) {
  RandomStream random(12, "growing");
  for (const double regularisation : {1e-5, 1e-9}) {
    const int64_t rows = 30, horizon = 10;
    Rollouts rollouts = fading(rows, horizon);
    const Tensor steps = torch::arange(horizon).to(torch::kFloat32);
    const Tensor state = random.uniform({1, rows, 1}, 0.1, 1) * torch::pow(1 / 0.9, steps);
    rollouts.observation = state.unsqueeze(3);
    rollouts.next_observation = rollouts.observation / 0.9;
    rollouts.reward = state.clone();
    LinearFeatureBaseline baseline(regularisation);
    baseline.fit_beyond(rollouts, discounted_returns(rollouts, 0.9), 0.9);
    const double largest = rollouts.reward.max().item<double>() / (1 - 0.9);
    const Tensor here = baseline.predict(rollouts.observation, rollouts.time);
    EXPECT_LT(here.square().mean().sqrt().item<double>(), 3 * largest) << regularisation;
    EXPECT_GT(here.mean().item<double>(), 0) << regularisation;
  }
}

TEST(Advantages, ToBootstrapTakesADiscountBelowOne) {
  LinearFeatureBaseline baseline;
  EXPECT_THROW(advantages(fading(3, 4), {1.0, 1.0, true}, baseline), UsageError);
  EXPECT_NO_THROW(advantages(fading(3, 4), {1.0, 1.0, false}, baseline));
}

TEST(LinearBaseline, RecoversAFunctionInItsSpan) {
  RandomStream random(6, "baseline");
  const Rollouts rollouts = random_rollouts(1, 10, 50, 3, random);
  const Tensor o = rollouts.observation.clamp(-10, 10);
  const Tensor target = 2.0 * o.select(3, 0) - o.select(3, 2).square() + rollouts.time / 50 + 1;
  LinearFeatureBaseline baseline;
  baseline.fit(rollouts, target);
  const Tensor got = baseline.predict(rollouts.observation, rollouts.time);
  EXPECT_LT((got - target).abs().max().item<double>(), 1e-2);
}

TEST(LinearBaseline, CopesWithConstantFeatures) {
  RandomStream random(7, "baseline");
  Rollouts rollouts = random_rollouts(1, 2, 20, 3, random);
  rollouts.observation.fill_(1.0);  // far from full rank
  LinearFeatureBaseline baseline;
  baseline.fit(rollouts, discounted_returns(rollouts, 0.9));
  EXPECT_TRUE(baseline.weights().isfinite().all().item<bool>());
  rollouts.observation[0][0][3][1] = NAN;
  EXPECT_THROW(baseline.fit(rollouts, discounted_returns(rollouts, 0.9)), NonFiniteError);
}

TEST(Advantages, BitsDoNotDependOnTheNumberOfThreads) {
  RandomStream random(9, "advantage");
  const Rollouts rollouts = random_rollouts(5, 7, 50, 4, random);
  const int before = worker_count();
  std::vector<Tensor> results;
  for (const int threads : {1, 3}) {
    set_worker_count(threads);
    LinearFeatureBaseline baseline;
    results.push_back(advantages(rollouts, {0.99, 0.95, true}, baseline));
  }
  set_worker_count(before);
  EXPECT_TRUE(torch::equal(results[0], results[1]));
}

}  // namespace
}  // namespace reverie
