// Transition occupancy matching on a line whose policies go further and further.
#include <reverie/models/objectives/tom.h>

#include <reverie/core/archive.h>
#include <reverie/core/error.h>
#include <reverie/core/monitor.h>
#include <reverie/models/objectives/objective.h>
#include <reverie/models/objectives/test_policy_and_critic.h>

#include <gtest/gtest.h>

#include <map>

namespace reverie {
namespace {

constexpr int64_t kEpisode = 20;

struct Recorder : Monitor {
  void record(std::string_view name, double value) override { figures[std::string(name)] = value; }
  std::map<std::string, double> figures;
};

TomConfig small() {
  TomConfig config;
  config.policy_rows = 200;
  config.dual.hidden = {32, 32};
  config.dual.learning_rate = 1e-3;
  config.dual.steps = 600;
  config.discriminator.hidden = 32;
  config.discriminator.learning_rate = 1e-3;
  return config;
}

struct TomTest : ::testing::Test {
  TomTest() : model(testing::tiny_model()) {}
  static Tom make(const TomConfig& config, Weigh weigh = Weigh::sampling) {
    return {1, 1, config, weigh, 0.9, RandomStream(7, "tom"), torch::kCPU};
  }
  /// Episodes on a line, s' = s + a / 5: random ones, then as many of policies whose mean action
  /// rises from 0 to 1.
  Transitions ordered(int64_t rows) {
    Transitions data;
    data.observation = torch::empty({rows, 1});
    data.next_observation = torch::empty({rows, 1});
    data.action = torch::empty({rows, 1});
    data.reward = torch::zeros({rows});
    data.terminated = torch::zeros({rows}, torch::kBool);
    data.truncated = torch::arange(rows).remainder(kEpisode) == kEpisode - 1;
    double state = 0;
    for (int64_t i = 0; i < rows; ++i) {
      if (i % kEpisode == 0) state = random.uniform(-0.1, 0.1);
      const double aim = 2.0 * static_cast<double>(i - rows / 2) / static_cast<double>(rows);
      const double action = i < rows / 2 ? random.uniform(-1, 1) : aim + 0.2 * random.normal();
      data.observation[i][0] = state;
      data.action[i][0] = action;
      data.next_observation[i][0] = state += action / 5;
    }
    return data;
  }
  void prepare(Tom& objective, const Transitions& data, int64_t fresh) {
    objective.prepare({data, model, monitor, &last, nullptr, fresh});
  }
  /// After the first fit, of random steps, and one of everything.
  Tom weighed(const TomConfig& config, const Transitions& data, Weigh weigh = Weigh::sampling) {
    Tom objective = make(config, weigh);
    prepare(objective, data, data.size());
    prepare(objective, data, data.size() / 2);
    return objective;
  }
  RandomStream random{5, "line"};
  DynamicsModel model;
  Recorder monitor;
  /// The policy at the end.
  testing::AnyPolicy last{1, 1, [](const Tensor& observation, const Tensor& noise) {
                            const Tensor aim = torch::ones_like(observation);
                            return noise.defined() ? aim + 0.2 * noise : aim;
                          }};
};

struct TomRewards : TomTest, ::testing::WithParamInterface<std::tuple<TomReward, Divergence>> {};

// The paper's figure 4: of a buffer half random, half of ordered policies, weights are low in the
// first half and rise in the second.
TEST_P(TomRewards, WeightsRiseTowardsThePolicy) {
  TomConfig config = small();
  std::tie(config.reward, config.dual.divergence) = GetParam();
  const Transitions data = ordered(4000);
  const Tom objective = weighed(config, data);
  const Tensor weights = objective.sampling();
  const auto mean = [&](int64_t first, int64_t end) {
    return weights.slice(0, first, end).mean().item<double>();
  };
  EXPECT_LT(mean(0, 2000), 0.8 * mean(2000, 4000));
  EXPECT_LT(mean(2000, 3000), mean(3000, 4000));
  EXPECT_LT(mean(3000, 3500), mean(3500, 4000));
  EXPECT_NEAR(monitor.figures.at("tom/weight_recent"), mean(3800, 4000), 1e-4);
  EXPECT_NEAR(monitor.figures.at("tom/weight_old"), mean(0, 3800), 1e-4);
  EXPECT_LT(monitor.figures.at("tom/effective_rows"), 3600);
  EXPECT_GT(monitor.figures.at("tom/effective_rows"), 40);
  EXPECT_EQ(monitor.figures.count("tom/discriminator_loss"),
            config.reward == TomReward::discriminator ? 1u : 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Rewards, TomRewards,
    ::testing::Combine(::testing::Values(TomReward::binary, TomReward::discriminator),
                       ::testing::Values(Divergence::chi_square, Divergence::kl)));

TEST_F(TomTest, IsUnweightedUntilThePolicyHasCollectedEnough) {
  const Transitions data = ordered(400);
  for (const bool untrained : {false, true}) {
    TomConfig config = small();
    config.dual.steps = 20;
    config.untrained_starts = untrained;
    Tom objective = make(config);
    for (const int64_t fresh : {400, 150, 49}) {
      prepare(objective, data, fresh);
      EXPECT_FALSE(objective.sampling().defined());
      EXPECT_EQ(objective.start_weights().defined(), untrained);
    }
    EXPECT_EQ(monitor.figures.count("tom/dual_loss"), 0u);
    prepare(objective, data, 1);
    EXPECT_EQ(objective.sampling().sizes(), torch::IntArrayRef({400}));
    EXPECT_EQ(objective.start_weights().sizes(), torch::IntArrayRef({400}));
    monitor.figures.clear();
  }
}

TEST_F(TomTest, ASnapshotLeavesOutTheRowsThatAreNotDrawn) {
  const Transitions data = ordered(2000);
  TomConfig config = small();
  config.dual.steps = 50;
  const auto none = [&](bool snapshot) {
    config.snapshot = snapshot;
    const Tom objective = weighed(config, data);
    return std::pair{(objective.sampling() == 0).to(torch::kFloat64).mean().item<double>(),
                     (objective.start_weights() == 0).to(torch::kFloat64).mean().item<double>()};
  };
  const auto [fit, starts] = none(true);
  const auto [fit_of_all, starts_of_all] = none(false);
  // 1/e of the rows; the weight of further ones may be 0.
  EXPECT_GT(fit, 0.34);
  EXPECT_GT(starts, 0.34);
  EXPECT_LT(fit_of_all, fit - 0.2);
  EXPECT_LT(starts_of_all, starts - 0.2);
}

TEST_F(TomTest, BothWaysToWeighAreOneExpectation) {
  const Transitions data = ordered(1000);
  TomConfig config = small();
  config.dual.steps = 100;
  const Tom drawn = weighed(config, data), factors = weighed(config, data, Weigh::loss);
  EXPECT_FALSE(factors.sampling().defined());
  const Tensor mean = random.normal({1000, 1}), target = torch::zeros({1000, 1});
  const Tensor index = torch::arange(1000);
  const Tensor share = drawn.sampling() / drawn.sampling().sum();
  EXPECT_NEAR(factors.loss({mean, {}}, target, index).item<double>(),
              (share * mean.square().squeeze(1)).sum().item<double>(), 1e-4);
}

TEST_F(TomTest, GoesOnFromAnArchiveBitForBit) {
  const Transitions data = ordered(1000);
  for (const bool fresh : {false, true}) {
    TomConfig config = small();
    config.reward = TomReward::discriminator;
    config.dual.steps = 50;
    config.discriminator.passes = 3;
    config.fresh_discriminator = fresh;
    Tom objective = weighed(config, data), other = make(config);
    Archive archive;
    archive("objective", objective);
    Archive saved = Archive::from_bytes(archive.bytes());
    saved("objective", other);
    EXPECT_TRUE(torch::equal(objective.start_weights(), other.start_weights()));
    prepare(objective, data, 100);
    prepare(other, data, 100);
    EXPECT_TRUE(torch::equal(objective.sampling(), other.sampling()));
    EXPECT_TRUE(torch::equal(objective.start_weights(), other.start_weights()));
  }
}

TEST_F(TomTest, NeedsAPolicy) {
  const Transitions data = ordered(100);
  Tom objective = make(small());
  EXPECT_THROW(objective.prepare({data, model, monitor}), UsageError);
}

}  // namespace
}  // namespace reverie
