// The vectorised elementary functions against the standard library's in double precision.
#include <reverie/core/elementary.h>

#include <gtest/gtest.h>

#include <limits>

namespace reverie {
namespace {

TEST(Elementary, ExpIsAccurate) {
  for (double x = -86.9; x < 86.9; x += 0.0137) {
    const auto argument = static_cast<float>(x);
    const double expected = std::exp(static_cast<double>(argument));
    EXPECT_NEAR(fast_exp(argument) / expected, 1.0, 3e-7) << x;
  }
  EXPECT_EQ(fast_exp(0.0f), 1.0f);
  EXPECT_GT(fast_exp(1e30f), 1e37f);
  EXPECT_LT(fast_exp(-1e30f), 1e-37f);
  EXPECT_TRUE(std::isnan(fast_exp(std::numeric_limits<float>::quiet_NaN())));
}

TEST(Elementary, TanhIsAccurate) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
  constexpr double bound = 3e-7;
#else
  constexpr double bound = 4e-7;  // every product of the polynomials is rounded
#endif
  for (double x = 1e-8; x < 50; x *= 1.0001) {  // an error relative to results near 0 too
    const auto argument = static_cast<float>(x);
    const double expected = std::tanh(static_cast<double>(argument));
    EXPECT_NEAR(fast_tanh(argument), expected, bound * expected) << x;
    EXPECT_NEAR(fast_tanh(-argument), -expected, bound * expected) << -x;
  }
  EXPECT_EQ(fast_tanh(0.0f), 0.0f);
  EXPECT_EQ(fast_tanh(std::numeric_limits<float>::infinity()), 1.0f);
  EXPECT_EQ(fast_tanh(-std::numeric_limits<float>::infinity()), -1.0f);
  EXPECT_TRUE(std::isnan(fast_tanh(std::numeric_limits<float>::quiet_NaN())));
}

TEST(Elementary, LogIsAccurate) {
  for (double x = -37; x < 37; x += 0.00317) {
    const auto argument = static_cast<float>(std::pow(10.0, x));
    const double expected = std::log(static_cast<double>(argument));
    EXPECT_NEAR(fast_log(argument), expected, 1.5e-7 * std::max(1.0, std::abs(expected))) << x;
  }
  EXPECT_EQ(fast_log(1.0f), 0.0f);
}

TEST(Elementary, TurnIsAccurate) {
  for (int i = 0; i <= 100000; ++i) {
    const float u = static_cast<float>(i) / 100000.0f;
    const double angle = 2 * M_PI * static_cast<double>(u);
    const auto turn = fast_turn(u);
    EXPECT_NEAR(turn.cos, std::cos(angle), 2e-7) << u;
    EXPECT_NEAR(turn.sin, std::sin(angle), 2e-7) << u;
  }
}

}  // namespace
}  // namespace reverie
