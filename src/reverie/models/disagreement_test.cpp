#include <reverie/models/disagreement.h>

#include <reverie/core/workers.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

TEST(RankCorrelation, OfKnownNumbers) {
  const Tensor a = torch::tensor({1.0, 2.0, 3.0, 4.0, 5.0});
  EXPECT_DOUBLE_EQ(rank_correlation(a, a.exp()), 1);
  EXPECT_DOUBLE_EQ(rank_correlation(a, -a), -1);
  // 1 - 6 sum d^2 / (n (n^2 - 1)), d = 1, 1, 1, 1, 0
  EXPECT_DOUBLE_EQ(rank_correlation(a, torch::tensor({2.0, 1.0, 4.0, 3.0, 5.0})), 0.8);
  EXPECT_DOUBLE_EQ(rank_correlation(a, torch::ones({5})), 0);
  EXPECT_DOUBLE_EQ(rank_correlation(a, a / 0), 0);
  EXPECT_DOUBLE_EQ(rank_correlation(a - a / 0, a), 0);
  // Ties share their mean rank: 1.5, 1.5, 3 against 1, 2, 3.
  EXPECT_NEAR(rank_correlation(torch::tensor({7.0, 7.0, 9.0}), torch::tensor({1.0, 2.0, 3.0})),
              std::sqrt(3.0) / 2, 1e-12);
}

struct Disagreement : ::testing::Test {
  Disagreement() {
    spec.observation_size = 2;
    spec.action_low = {-1};
    spec.action_high = {1};
    data.observation = random.normal({700, 2});
    data.action = random.normal({700, 1});
    data.next_observation = data.observation + 3 * random.normal({700, 2});
    data.reward = torch::zeros({700});
    data.terminated = data.truncated = torch::zeros({700}, torch::kBool);
  }
  DynamicsModel model(int64_t members) {
    ModelConfig config;
    config.members = members;
    config.hidden = {8};
    DynamicsModel made(spec, config, random);
    made.set_statistics(data);
    return made;
  }
  TaskSpec spec;
  RandomStream random{1, "disagreement"};
  Transitions data;
};

TEST_F(Disagreement, IsTheSpreadOfTheMembersPredictions) {
  const DynamicsModel three = model(3);
  const auto next = three.predict(data.observation, data.action).observation;  // [3, n, 2]
  const Tensor scale = three.target_normaliser().std();
  const Tensor expected = ((next - next.mean(0)) / scale).square().mean(0).mean(1).sqrt();
  const Tensor found = disagreement(three, data.observation, data.action);
  // Where the model clips a state, it predicts what it is clipped from.
  const Tensor inside =
      ((next > three.lowest_state()) & (next < three.highest_state())).all(2).all(0);
  EXPECT_GT(inside.sum().item<int64_t>(), 300);
  EXPECT_TRUE(
      torch::allclose(found.masked_select(inside), expected.masked_select(inside), 1e-3, 1e-4));
  set_worker_count(1);
  EXPECT_TRUE(torch::equal(disagreement(three, data.observation, data.action), found));
  set_worker_count(2);
  EXPECT_NEAR(judge(three, data).disagreement, found.mean().item<double>(), 1e-5);
  EXPECT_NEAR(judge(three, data).error, three.squared_error(data), 1e-9);
}

TEST_F(Disagreement, OfOneIsNone) {
  EXPECT_EQ(disagreement(model(1), data.observation, data.action).abs().max().item<double>(), 0);
  EXPECT_EQ(judge(model(1), data).rank_correlation, 0);
}

}  // namespace
}  // namespace reverie
