#include <reverie/data/episodes.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

/// One task's rows of `horizon` steps, whose episodes terminate after these numbers of steps.
Rollouts rollouts_of(int64_t horizon, const std::vector<std::vector<int64_t>>& lengths) {
  const auto rows = static_cast<int64_t>(lengths.size());
  Rollouts rollouts;
  rollouts.reward = torch::ones({1, rows, horizon});
  rollouts.terminated = torch::zeros({1, rows, horizon}, torch::kBool);
  rollouts.truncated = torch::zeros({1, rows, horizon}, torch::kBool);
  rollouts.time = torch::zeros({1, rows, horizon});
  for (int64_t row = 0; row < rows; ++row) {
    int64_t at = 0;
    for (const int64_t length : lengths[row]) {
      rollouts.time[0][row].slice(0, at, at + length).copy_(torch::arange(length));
      at += length;
      rollouts.terminated[0][row][at - 1] = true;
    }
    rollouts.time[0][row].slice(0, at).copy_(torch::arange(horizon - at));
    rollouts.truncated[0][row][horizon - 1] = at < horizon;
  }
  leave_out_unfinished(rollouts, 1000);
  return rollouts;
}

TEST(Episodes, WhatARowsEndCutsIsNoneOfTheirLengths) {
  // 40 and 40 in a row of 100; 60 in another: the cuts, of 20 and 40 steps, are left out.
  EXPECT_DOUBLE_EQ(mean_episode_length(rollouts_of(100, {{40, 40}, {60}})), 140.0 / 3);
  EXPECT_DOUBLE_EQ(mean_episode_length(rollouts_of(100, {{70}})), 70);
  // But a row's first counts as far as it goes.
  EXPECT_DOUBLE_EQ(mean_episode_length(rollouts_of(100, {{}, {60}})), 80);
  EXPECT_DOUBLE_EQ(mean_episode_length(rollouts_of(100, {{50, 50}})), 50);
}

TEST(MeanEpisodeReturn, IsOverTheEpisodesThatTheMeanLengthIsOf) {
  Rollouts rollouts;
  rollouts.reward = torch::tensor({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}).view({1, 1, 6});
  rollouts.terminated = torch::zeros({1, 1, 6}, torch::kBool);
  rollouts.truncated = torch::zeros({1, 1, 6}, torch::kBool);
  rollouts.terminated[0][0][0] = true;
  rollouts.terminated[0][0][3] = true;
  rollouts.truncated[0][0][5] = true;  // cut by the row's end
  EXPECT_NEAR(mean_episode_return(rollouts), 21 / 3.0, 1e-12);
  rollouts.counted = torch::tensor({true, true, true, true, false, false}).view({1, 1, 6});
  EXPECT_NEAR(mean_episode_return(rollouts), (1 + 9) / 2.0, 1e-12);
  EXPECT_NEAR(mean_episode_length(rollouts), 2, 1e-12);
}

TEST(FirstEpisodes, AreTheStepsUpToEachRowsFirstEnd) {
  Rollouts rollouts;
  rollouts.reward = torch::arange(12, torch::kFloat32).view({1, 3, 4});
  rollouts.observation = rollouts.next_observation = rollouts.reward.unsqueeze(3);
  rollouts.action = rollouts.reward.unsqueeze(3);
  rollouts.terminated = torch::zeros({1, 3, 4}, torch::kBool);
  rollouts.truncated = torch::zeros({1, 3, 4}, torch::kBool);
  rollouts.time = torch::zeros({1, 3, 4});
  rollouts.terminated[0][0][1] = true;
  rollouts.truncated[0][2][0] = true;
  rollouts.truncated.select(2, 3).fill_(true);
  const Transitions first = first_episodes(rollouts);
  EXPECT_TRUE(torch::equal(first.reward, torch::tensor({0.f, 1.f, 4.f, 5.f, 6.f, 7.f, 8.f})));
  EXPECT_TRUE(torch::equal(first.next_observation.squeeze(1), first.reward));
  EXPECT_EQ(first.terminated.sum().item<int64_t>(), 1);
}

}  // namespace
}  // namespace reverie
