#include <reverie/data/weighted_draw.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

TEST(WeightedDraw, FrequenciesAreTheWeights) {
  RandomStream random(3, "draw");
  const WeightedDraw draw(torch::tensor({0.0f, 1.0f, 0.0f, 5.0f, 2.0f, 0.0f}));
  constexpr int64_t count = 80000;
  const Tensor frequency = draw(count, random).bincount({}, 6).to(torch::kFloat64) / count;
  const Tensor expected = torch::tensor({0.0, 0.125, 0.0, 0.625, 0.25, 0.0}, torch::kFloat64);
  // Four standard deviations of the most frequent.
  EXPECT_LT((frequency - expected).abs().max().item<double>(), 4 * 0.484 / std::sqrt(count));
  EXPECT_EQ(frequency[0].item<double>(), 0);
  EXPECT_EQ(frequency[2].item<double>(), 0);
  EXPECT_EQ(frequency[5].item<double>(), 0);
}

TEST(WeightedDraw, WithoutWeightAllAreAlike) {
  RandomStream random(3, "draw");
  const Tensor rows = WeightedDraw(torch::zeros({4}))(400, random).bincount({}, 4);
  EXPECT_GT(rows.min().item<int64_t>(), 60);
}

}  // namespace
}  // namespace reverie
