// Ornstein-Uhlenbeck noise against the moments of its stationary distribution.
#include <reverie/policies/correlated_noise.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

/// Always acts by 5.
struct Still : Actor {
  Tensor act(const Tensor& observation, Mode, RandomStream&) override {
    return torch::full({observation.size(0), 2}, 5.0f);
  }
};

TEST(CorrelatedNoise, HasTheProcesssMomentsAndBeginsAnewWithAnEpisode) {
  constexpr double theta = 0.15, sigma = 0.3;
  constexpr int64_t n = 4000;
  const auto actor = with_correlated_noise(std::make_unique<Still>(), theta, sigma);
  RandomStream random(1, "correlated noise");
  const auto observation = torch::zeros({n, 3});
  actor->begin(torch::ones({n}, torch::kBool));
  Tensor before, now;
  for (int t = 0; t < 60; ++t) {
    before = now;
    now = actor->act(observation, Mode::explore, random) - 5;
    if (t > 0) continue;
    EXPECT_NEAR(now.std().item<double>(), sigma, 0.01);
  }
  // An autoregressive process of coefficient a = 1 - theta: variance sigma^2 / (1 - a^2).
  const double a = 1 - theta, variance = sigma * sigma / (1 - a * a);
  EXPECT_NEAR(now.mean().item<double>(), 0, 0.03);
  EXPECT_NEAR(now.square().mean().item<double>(), variance, 0.05 * variance);
  EXPECT_NEAR((now * before).mean().item<double>(), a * variance, 0.05 * variance);
  EXPECT_TRUE(
      torch::equal(actor->act(observation, Mode::exploit, random), torch::full({n, 2}, 5.0f)));

  actor->begin(torch::arange(n) < n / 2);
  const auto next = actor->act(observation, Mode::explore, random) - 5;
  EXPECT_NEAR(next.narrow(0, 0, n / 2).std().item<double>(), sigma, 0.01);
  EXPECT_NEAR(next.narrow(0, n / 2, n / 2).std().item<double>(), std::sqrt(variance), 0.02);
}

}  // namespace
}  // namespace reverie
