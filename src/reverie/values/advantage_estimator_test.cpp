#include <reverie/values/advantage_estimator.h>

#include <reverie/core/archive.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

/// Rows of ten steps whose reward is the state: x, and 0.5 x in the next step, and so on.
Rollouts halving(int64_t rows, RandomStream& random) {
  Rollouts rollouts;
  const Tensor start = random.uniform({1, rows, 1}, -1, 1);
  rollouts.reward = start * torch::pow(0.5, torch::arange(10));
  rollouts.observation = rollouts.reward.unsqueeze(3);
  rollouts.next_observation = 0.5 * rollouts.observation;
  rollouts.action = torch::zeros({1, rows, 10, 1});
  rollouts.terminated = torch::zeros({1, rows, 10}, torch::kBool);
  rollouts.truncated = rollouts.terminated.clone();
  rollouts.truncated.select(2, 9).fill_(true);
  rollouts.time = torch::arange(10).to(torch::kFloat32).expand({1, rows, 10});
  return rollouts;
}

TEST(ValueNetwork, LearnsTheReturn) {
  RandomStream random(1, "value");
  ValueConfig config;
  config.hidden = {16};
  config.learning_rate = 1e-2;
  config.epochs = 40;
  ValueNetwork network(2, config, random.split(1), torch::kCPU);
  const Tensor x = random.normal({1000, 2}), y = 300 + 20 * x.select(1, 0) - 5 * x.select(1, 1);
  EXPECT_EQ(network.predict(x).abs().max().item<double>(), 0) << "nothing is known yet";
  network.fit(x, y);
  const Tensor missed = network.predict(x) - y;
  EXPECT_LT(missed.abs().mean().item<double>(), 1.5) << "of a spread of 20";

  Archive archive;
  archive("network", network);
  ValueNetwork other(2, config, random.split(2), torch::kCPU);
  auto saved = Archive::from_bytes(archive.bytes());
  saved("network", other);
  network.fit(x, y);
  other.fit(x, y);
  EXPECT_TRUE(torch::equal(network.predict(x), other.predict(x)));
}

TEST(AdvantageEstimator, ANetworkExplainsWhatTheStateTells) {
  RandomStream random(2, "estimator");
  EstimatorConfig config;
  config.baseline = Baseline::network;
  config.discount = 0.9;
  config.gae_lambda = 0;
  config.bootstrap = true;
  config.value.epochs = 20;
  AdvantageEstimator estimator(config, 1, random.split(1), torch::kCPU);
  const auto luck_in_advantages = [&] {
    Rollouts rollouts = halving(200, random);
    const Tensor luck = 0.1 * random.normal(rollouts.reward.sizes());
    rollouts.reward = rollouts.reward + luck;
    const Tensor advantage = estimator(rollouts).advantage.flatten();
    return (advantage * luck.flatten()).mean().item<double>() / 0.1;  // both have deviation 1
  };
  EXPECT_LT(luck_in_advantages(), 0.6) << "most of a first estimate is the state";
  for (int i = 0; i < 30; ++i) luck_in_advantages();
  EXPECT_GT(luck_in_advantages(), 0.9);
}

TEST(AdvantageEstimator, TheWorstRolloutsAloneMayCount) {
  RandomStream random(3, "worst");
  const Rollouts rollouts = halving(10, random);
  const auto samples = [&](double worst) {
    EstimatorConfig config;
    config.worst = worst;
    return AdvantageEstimator(config, 1, random.split(1), torch::kCPU)(rollouts);
  };
  EXPECT_FALSE(samples(1).count.defined()) << "all";
  const PolicyBatch some = samples(0.25);  // three of ten
  EXPECT_EQ(some.count.item<int64_t>(), 30);
  const Tensor kept = some.observation[0].slice(0, 0, 30).view({3, 10}).select(1, 0);
  const Tensor sorted =
      std::get<0>(rollouts.observation.flatten(0, 1).select(1, 0).flatten().sort());
  EXPECT_TRUE(torch::equal(std::get<0>(kept.sort()), sorted.slice(0, 0, 3)));
  const Tensor advantage = some.advantage[0].slice(0, 0, 30);
  EXPECT_NEAR(advantage.mean().item<double>(), 0, 1e-5);
  EXPECT_NEAR(advantage.std(/*unbiased=*/false).item<double>(), 1, 1e-4);
}

}  // namespace
}  // namespace reverie
