#include <reverie/runs/pace.h>

#include <gtest/gtest.h>

#include <cmath>

namespace reverie {
namespace {

TEST(Pace, SaysNothingOfTheFirstIteration) {
  Pace pace;
  EXPECT_EQ(pace.seconds_left(100'000), -1);
  pace.add(8000, 60);
  EXPECT_EQ(pace.seconds_left(100'000), -1);
  pace.add(9000, 62);
  EXPECT_DOUBLE_EQ(pace.seconds_left(100'000), 2.0 * 91);
}

TEST(Pace, DoesNotSwingWithEvaluations) {
  Pace pace;
  double seconds = 60, before = 0;
  for (int k = 1; k <= 60; ++k) {
    seconds += k % 5 == 0 ? 6 : 1;  // an evaluation of 5 s in each fifth iteration of 1 s
    pace.add(8000 + 1000 * k, seconds);
    const double left = pace.seconds_left(100'000), end = seconds + left;
    if (k > 20) {
      EXPECT_NEAR(left, 2.0 * (92 - k), 0.1 * 2.0 * (92 - k)) << k;
      if (k > 21) {
        EXPECT_LT(std::abs(end - before), 10.0) << "the end it tells of, at " << k;
      }
    }
    before = end;
  }
}

TEST(Pace, FollowsAChange) {
  Pace pace;
  double seconds = 0;
  for (int k = 0; k <= 50; ++k) pace.add(1000 * k, seconds += k <= 25 ? 1 : 3);
  EXPECT_DOUBLE_EQ(pace.seconds_left(60'000), 30.0);
  EXPECT_EQ(pace.seconds_left(50'000), 0);
}

}  // namespace
}  // namespace reverie
