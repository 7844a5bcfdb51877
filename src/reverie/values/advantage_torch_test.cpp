// Returns, advantages and baseline by torch against the CPU's.
#include <reverie/core/error.h>
#include <reverie/core/random.h>
#include <reverie/nn/kernels/test_torch_path.h>
#include <reverie/policies/test_samples.h>
#include <reverie/values/advantage.h>

namespace reverie {
namespace {

using testing::difference;

Rollouts random_rollouts(RandomStream& random) {
  const int64_t tasks = 1 + random.below(4), rows = 1 + random.below(6);
  const int64_t horizon = 1 + random.below(70), o = 1 + random.below(8);
  // Some observations lie beyond the clip of the features.
  auto rollouts = testing::random_rollouts(tasks, rows, horizon, o, random, 5.0);
  rollouts.time = random.below(200, {tasks, rows, horizon}).to(torch::kFloat32);
  if (random.below(2) == 1) {
    rollouts.counted = random.uniform({tasks, rows, horizon}, 0, 1) < 0.7;
    rollouts.counted.select(2, 0).fill_(true);
  }
  return rollouts;
}

struct AdvantageTorch : testing::TorchPath {
  Rollouts there(const Rollouts& r) const {
    return {r.observation.to(device()), r.action.to(device()),
            r.reward.to(device()),      r.next_observation.to(device()),
            r.terminated.to(device()),  r.truncated.to(device()),
            r.time.to(device()),        r.counted.defined() ? r.counted.to(device()) : Tensor()};
  }
  RandomStream random{21, "advantage-torch"};
};

TEST_P(AdvantageTorch, EstimatesEqualTheCpus) {
  for (int trial = 0; trial < 20; ++trial) {
    const auto rollouts = random_rollouts(random), moved = there(rollouts);
    const auto values = random.normal(rollouts.reward.sizes());
    const auto beyond = random.normal(rollouts.reward.sizes());
    for (const double lambda : {0.0, 0.9, 1.0})
      for (const auto& bootstrap : {Tensor(), beyond}) {
        const auto expected = generalized_advantages(rollouts, values, 0.97, lambda, bootstrap);
        const auto found = by_torch([&] {
          return generalized_advantages(moved, values.to(device()), 0.97, lambda,
                                        bootstrap.defined() ? bootstrap.to(device()) : Tensor());
        });
        EXPECT_EQ(found.device(), device());
        EXPECT_LT(difference(found, expected), 1e-6);
      }
    const auto returns = discounted_returns(rollouts, 0.99);
    EXPECT_LT(difference(by_torch([&] { return discounted_returns(moved, 0.99); }), returns), 1e-6);
    const auto expected = normalized(values, rollouts.counted);
    const auto found = by_torch([&] { return normalized(values.to(device()), moved.counted); });
    EXPECT_LT(difference(found, expected), 1e-5);
  }
}

TEST_P(AdvantageTorch, TheBaselineEqualsTheCpus) {
  for (int trial = 0; trial < 20; ++trial) {
    const auto rollouts = random_rollouts(random), moved = there(rollouts);
    const auto returns = random.normal(rollouts.reward.sizes());
    LinearFeatureBaseline here(1e-2), far(1e-2);  // few rows: let the ridge decide
    here.fit(rollouts, returns);
    const auto expected = here.predict(rollouts.observation, rollouts.time);
    const auto found = by_torch([&] {
      far.fit(moved, returns.to(device()));
      return far.predict(moved.observation, moved.time);
    });
    EXPECT_EQ(found.device(), device());
    EXPECT_LT(difference(found, expected), 1e-4);
    // And the whole.
    const AdvantageConfig config{0.98, 0.95, false};
    const auto whole = advantages(rollouts, config, here);
    const auto whole_found = by_torch([&] { return advantages(moved, config, far); });
    EXPECT_LT(difference(whole_found, whole), 1e-3);
  }
}

/// phi of a state, [2 o + 1] float64.
Tensor features_of_state(const Tensor& observation) {
  const auto x = observation.to(torch::kFloat64).clamp(-10, 10);
  return torch::cat({x, x * x, torch::ones({1}, torch::kFloat64)});
}

/// The weights of a fit that goes on beyond the time limit, of one task, step by step:
/// w solves sum of phi_t (phi_t - gamma^k phi_{t+k})^T w + ridge w = sum of phi_t R_t.
Tensor weights_beyond_by_hand(const Rollouts& rollouts, int64_t task, double discount,
                              double ridge) {
  const int64_t f = 2 * rollouts.observation.size(-1) + 1;
  auto a = ridge * torch::eye(f, torch::kFloat64), b = torch::zeros({f}, torch::kFloat64);
  for (int64_t row = 0; row < rollouts.rows(); ++row) {
    double value = 0;
    Tensor left;
    for (int64_t t = rollouts.horizon() - 1; t >= 0; --t) {
      const bool over = rollouts.terminated[task][row][t].item<bool>();
      if (over || rollouts.truncated[task][row][t].item<bool>()) {
        value = 0;
        left = over ? torch::zeros({f}, torch::kFloat64)
                    : features_of_state(rollouts.next_observation[task][row][t]);
      }
      value = rollouts.reward[task][row][t].item<double>() + discount * value;
      left = discount * left;
      if (rollouts.counted.defined() && !rollouts.counted[task][row][t].item<bool>()) continue;
      const auto phi = features_of_state(rollouts.observation[task][row][t]);
      a += torch::outer(phi, phi - left);
      b += value * phi;
    }
  }
  return torch::mv(torch::linalg_inv(a), b);
}

TEST_P(AdvantageTorch, WeightsBeyondTheTimeLimitAreThoseWrittenOut) {
  for (const bool some : {false, true}) {
    auto rollouts = testing::random_rollouts(2, 8, 30, 3, random);
    if (some) leave_out_unfinished(rollouts, 1000);
    EXPECT_EQ(rollouts.counted.defined(), some);
    const auto moved = there(rollouts);
    LinearFeatureBaseline baseline(1e-2);
    by_torch([&] {
      baseline.fit_beyond(moved, discounted_returns(moved, 0.9), 0.9);
      return 0;
    });
    const auto found = baseline.weights().cpu();
    for (const int64_t task : {0, 1}) {
      const auto expected = weights_beyond_by_hand(rollouts, task, 0.9, 1e-2);
      EXPECT_LT(difference(found[task].slice(0, 0, 6), expected.slice(0, 0, 6)), 1e-4);
      EXPECT_LT(difference(found[task].slice(0, 9), expected.slice(0, 6)), 1e-4);
      EXPECT_EQ(found[task].slice(0, 6, 9).abs().max().item<double>(), 0.0) << "the time";
    }
  }
}

TEST_P(AdvantageTorch, EstimatesWithValuesBeyondTheTimeLimitEqualTheCpus) {
  for (const bool some : {false, true}) {
    auto rollouts = testing::random_rollouts(3, 20, 50, 4, random);
    if (some) leave_out_unfinished(rollouts, 1000);
    EXPECT_EQ(rollouts.counted.defined(), some);
    const auto moved = there(rollouts);
    LinearFeatureBaseline baseline;
    const AdvantageConfig config{0.98, 0.95, true};
    const auto expected = advantages(rollouts, config, baseline);
    const auto found = by_torch([&] { return advantages(moved, config, baseline); });
    EXPECT_EQ(found.device(), device());
    EXPECT_LT(difference(found, expected), 1e-3);
  }
}

TEST_P(AdvantageTorch, ADimensionThatIsAnothersTwinIsNoObstacle) {
  auto rollouts = random_rollouts(random);
  rollouts.observation = torch::ones({2, 3, 9, 4});  // A is singular but for the ridge
  rollouts.reward = random.normal({2, 3, 9});
  rollouts.time = torch::zeros({2, 3, 9});
  rollouts.terminated = rollouts.truncated = torch::zeros({2, 3, 9}, torch::kBool);
  const auto moved = there(rollouts);
  LinearFeatureBaseline baseline;
  const auto found = by_torch([&] {
    baseline.fit(moved, moved.reward);
    return baseline.predict(moved.observation, moved.time);
  });
  EXPECT_LT(difference(found.cpu(), rollouts.reward.mean({1, 2}, true).expand({2, 3, 9})), 1e-3);
}

TEST_P(AdvantageTorch, TheBaselineRefusesWhatIsNotFinite) {
  auto rollouts = random_rollouts(random);
  rollouts.observation[0][0][0][0] = std::nan("");
  const auto moved = there(rollouts);
  LinearFeatureBaseline baseline;
  EXPECT_THROW(by_torch([&] {
                 baseline.fit(moved, moved.reward);
                 return 0;
               }),
               NonFiniteError);
}

REVERIE_ON_EACH_DEVICE(AdvantageTorch);

}  // namespace
}  // namespace reverie
