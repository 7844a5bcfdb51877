#include <reverie/data/stretches.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

/// Three episodes: rows 0 1 2 (out of time), 3 4 (terminated), 5 (out of time).
Transitions episodes() {
  Transitions data;
  data.observation = torch::arange(6).to(torch::kFloat32).unsqueeze(1);
  data.action = data.observation + 10;
  data.reward = torch::zeros({6});
  data.next_observation = data.observation + 100;
  data.terminated = torch::arange(6) == 4;
  data.truncated = (torch::arange(6) == 2) | (torch::arange(6) == 5);
  return data;
}

std::vector<int64_t> column(const Tensor& tensor, int64_t index) {
  const Tensor values = tensor.select(1, index).to(torch::kInt64).contiguous();
  return {values.data_ptr<int64_t>(), values.data_ptr<int64_t>() + values.numel()};
}
using Numbers = std::vector<int64_t>;

TEST(Stretches, EndWhereEpisodesDo) {
  const auto found = stretches(episodes(), torch::tensor({0, 1, 3, 5}, torch::kInt64), 3);
  EXPECT_EQ(column(found.row, 0), (Numbers{0, 1, 2}));
  EXPECT_EQ(column(found.inside, 0), (Numbers{1, 1, 1}));
  EXPECT_EQ(column(found.goes_on, 0), (Numbers{0, 0, 1}));
  EXPECT_EQ(column(found.row, 1), (Numbers{1, 2, 2}));
  EXPECT_EQ(column(found.inside, 1), (Numbers{1, 1, 0}));
  EXPECT_EQ(column(found.goes_on, 1), (Numbers{0, 1, 0})) << "time ran out: the value goes on";
  EXPECT_EQ(column(found.inside, 2), (Numbers{1, 1, 0}));
  EXPECT_EQ(column(found.goes_on, 2), (Numbers{0, 0, 0})) << "terminated: no value beyond";
  EXPECT_EQ(column(found.inside, 3), (Numbers{1, 0, 0}));
  EXPECT_EQ(column(found.goes_on, 3), (Numbers{1, 0, 0}));
  EXPECT_EQ(column(found.action.squeeze(2), 1), (Numbers{11, 12, 12}));
  EXPECT_EQ(column(found.next_observation.squeeze(2), 2), (Numbers{103, 104, 104}));
}

TEST(Stretches, OfOneStepAreTheTransitions) {
  const auto found = stretches(episodes(), torch::arange(6), 1);
  EXPECT_EQ(found.steps(), 1);
  EXPECT_TRUE(torch::equal(found.observation[0], episodes().observation));
  EXPECT_TRUE(torch::equal(found.inside[0], torch::ones({6})));
  EXPECT_TRUE(
      torch::equal(found.goes_on[0], episodes().terminated.logical_not().to(torch::kFloat32)));
  EXPECT_TRUE(torch::equal(found.narrow(2, 3).row[0], torch::tensor({2, 3, 4}, torch::kInt64)));
}

}  // namespace
}  // namespace reverie
