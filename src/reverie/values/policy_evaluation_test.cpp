// A value learned from replayed transitions, where it is known.
#include <reverie/core/archive.h>
#include <reverie/core/error.h>
#include <reverie/core/test_devices.h>
#include <reverie/values/policy_evaluation.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

constexpr double kDiscount = 0.8;

/// s' = 0.9 s, which pays s + 1: V(s) = s / (1 - 0.8 0.9) + 1 / (1 - 0.8).
Transitions decay(int64_t rows) {
  RandomStream random(1, "evaluation-test");
  Transitions data;
  data.observation = random.uniform({rows, 1}, -2, 2);
  data.action = torch::zeros({rows, 1});
  data.next_observation = 0.9 * data.observation;
  data.reward = data.observation.squeeze(1) + 1;
  data.terminated = torch::zeros({rows}, torch::kBool);
  data.truncated = torch::ones({rows}, torch::kBool);  // time is not the task's end
  return data;
}

EvaluationConfig config() {
  EvaluationConfig config;
  config.hidden = {16};
  config.learning_rate = 3e-3;
  config.epochs = 60;
  return config;
}

struct PolicyEvaluationTest : testing::OnEachDevice {
  PolicyEvaluation evaluation(double discount = kDiscount) {
    return {1, config(), discount, RandomStream(2, "value"), device()};
  }
  Transitions here(const Transitions& data) { return moved(data, device()); }
  Tensor ones(int64_t rows) { return torch::ones({rows}).to(device()); }
};

TEST_P(PolicyEvaluationTest, FindsTheSumOfWhatIsPaidForEver) {
  auto value = evaluation();
  const Tensor states = torch::tensor({-1.5f, 0.0f, 1.0f}).unsqueeze(1);
  EXPECT_EQ(value.value(states.to(device())).abs().max().item<double>(), 0) << "not fitted yet";
  const double error = value.fit(here(decay(600)), ones(600));
  EXPECT_LT(error, 1e-3);
  const Tensor known = states.squeeze(1) / (1 - kDiscount * 0.9) + 1 / (1 - kDiscount);
  const Tensor found = value.value(states.to(device())).cpu();
  EXPECT_TRUE(torch::allclose(found, known, 0.02, 0.15)) << found << known;
}

TEST_P(PolicyEvaluationTest, NothingCountsBeyondAnEnd) {
  auto data = decay(600);
  data.terminated.fill_(true);
  auto value = evaluation();
  value.fit(here(data), ones(600));
  const Tensor states = torch::tensor({-1.5f, 0.0f, 1.0f}).unsqueeze(1);
  const Tensor found = value.value(states.to(device())).cpu();
  EXPECT_TRUE(torch::allclose(found, states.squeeze(1) + 1, 0.02, 0.15)) << found;
}

TEST_P(PolicyEvaluationTest, WhatHasNoWeightIsNotSeen) {
  auto data = decay(1200);
  const Tensor wrong = torch::arange(1200) >= 600;
  data.reward = torch::where(wrong, -data.reward, data.reward);
  auto value = evaluation();
  value.fit(here(data), wrong.logical_not().to(torch::kFloat32).to(device()));
  const Tensor states = torch::tensor({-1.5f, 1.0f}).unsqueeze(1);
  const Tensor known = states.squeeze(1) / (1 - kDiscount * 0.9) + 1 / (1 - kDiscount);
  const Tensor found = value.value(states.to(device())).cpu();
  EXPECT_TRUE(torch::allclose(found, known, 0.05, 0.3)) << found << known;
}

TEST_P(PolicyEvaluationTest, SavedItGoesOnAsIfNeverStopped) {
  auto first = evaluation();
  first.fit(here(decay(100)), ones(100));
  Archive saved;
  saved("value", first);
  auto second = evaluation();
  auto archive = Archive::from_bytes(saved.bytes());
  archive("value", second);
  first.fit(here(decay(100)), ones(100));
  second.fit(here(decay(100)), ones(100));
  const Tensor states = decay(10).observation.to(device());
  EXPECT_TRUE(torch::equal(first.value(states), second.value(states)));
}

TEST(PolicyEvaluation, NeedsADiscount) {
  EXPECT_THROW(PolicyEvaluation(1, config(), 1.0, RandomStream(), torch::kCPU), UsageError);
}

REVERIE_ON_EACH_DEVICE(PolicyEvaluationTest);

}  // namespace
}  // namespace reverie
