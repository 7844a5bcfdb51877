#include <reverie/improvers/expanded_target.h>

#include <gtest/gtest.h>

#include <cmath>

namespace reverie {
namespace {

constexpr double kDiscount = 0.9;
constexpr int64_t kModels = 3, kCritics = 2, kRows = 4, kSteps = 2;

struct ExpandedTargetTest : ::testing::Test {
  RandomStream random{3, "expanded"};
  Tensor reward = random.normal({kRows}).to(torch::kFloat64);
  Expansion expansion{random.normal({kModels, kRows, kSteps}).to(torch::kFloat64),
                      torch::ones({kModels, kRows, kSteps + 1}, torch::kFloat64),
                      random.normal({kModels, kCritics, kRows, kSteps + 1}).to(torch::kFloat64)};

  Tensor target(TargetKind kind, double lambda = 0.5) {
    return combined(candidate_targets(reward, expansion, kDiscount), {kind, kSteps, lambda});
  }
};

TEST_F(ExpandedTargetTest, CandidatesAreTheReturnsOfEachLengthUpToAnEnd) {
  expansion.reached[1][2][1] = 0;  // the first imagined step ended it
  expansion.reached[1][2][2] = 0;
  const Tensor candidates = candidate_targets(reward, expansion, kDiscount);
  for (int64_t m = 0; m < kModels; ++m)
    for (int64_t k = 0; k < kCritics; ++k)
      for (int64_t i = 0; i < kRows; ++i)
        for (int64_t h = 0; h <= kSteps; ++h) {
          double expected = reward[i].item<double>();
          const bool ends = m == 1 && i == 2;
          for (int64_t t = 0; t < h && !(ends && t > 0); ++t)
            expected += std::pow(kDiscount, t + 1) * expansion.reward[m][i][t].item<double>();
          if (!(ends && h > 0))
            expected += std::pow(kDiscount, h + 1) * expansion.value[m][k][i][h].item<double>();
          EXPECT_NEAR(candidates[m][k][i][h].item<double>(), expected, 1e-12);
        }
}

TEST_F(ExpandedTargetTest, MveIsTheReturnOfAllStepsAndTdOfNone) {
  const Tensor candidates = std::get<0>(candidate_targets(reward, expansion, kDiscount).min(1));
  EXPECT_TRUE(torch::allclose(target(TargetKind::mve), candidates.mean(0).select(1, kSteps)));
  EXPECT_TRUE(torch::allclose(target(TargetKind::td), candidates.mean(0).select(1, 0)));
}

TEST_F(ExpandedTargetTest, LambdaGoesFromNoStepToAll) {
  EXPECT_TRUE(torch::allclose(target(TargetKind::lambda, 0), target(TargetKind::td)));
  EXPECT_TRUE(torch::allclose(target(TargetKind::lambda, 1), target(TargetKind::mve)));
  const Tensor each = std::get<0>(candidate_targets(reward, expansion, kDiscount).min(1)).mean(0);
  const Tensor weights = torch::tensor({0.5, 0.25, 0.25}, torch::kFloat64);
  EXPECT_TRUE(torch::allclose(target(TargetKind::lambda), each.matmul(weights)));
}

TEST_F(ExpandedTargetTest, SteveTrustsWhatVariesLittle) {
  // Every length equally uncertain: the mean of all.
  const Tensor spread = torch::tensor({-1.0, 0.0, 1.0}, torch::kFloat64).view({kModels, 1, 1, 1});
  const Tensor lengths = random.normal({1, 1, kRows, kSteps + 1}).to(torch::kFloat64);
  Tensor candidates = (lengths + spread).expand({kModels, kCritics, kRows, kSteps + 1}).clone();
  const TargetConfig steve{TargetKind::steve, kSteps, 0};
  EXPECT_TRUE(torch::allclose(combined(candidates, steve), lengths[0][0].mean(1)));
  // One length certain: that one.
  candidates.select(3, 1).copy_(lengths.select(3, 1).expand({kModels, kCritics, kRows}));
  EXPECT_TRUE(torch::allclose(combined(candidates, steve), lengths[0][0].select(1, 1), 0, 1e-6));
}

}  // namespace
}  // namespace reverie
