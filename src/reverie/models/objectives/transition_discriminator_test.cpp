// The discriminator against densities known in closed form.
#include <reverie/models/objectives/transition_discriminator.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

/// Rows of (s, a, s'), one number each, with the given mean and spread 1.
Tensor gaussian(int64_t rows, const Tensor& mean, RandomStream& random) {
  return random.normal({rows, 3}) + mean;
}

Transitions transitions_of(const Tensor& x) {
  const Tensor none = torch::zeros({x.size(0)}, torch::kBool);
  return {x.narrow(1, 0, 1),
          x.narrow(1, 1, 1),
          torch::zeros({x.size(0)}),
          x.narrow(1, 2, 1),
          none,
          none};
}

TEST(TransitionDiscriminator, TwoGaussiansGiveTheirLogRatio) {
  RandomStream random(4, "data");
  constexpr int64_t own = 2000, others = 6000;
  const Tensor mean = torch::tensor({1.0f, -0.5f, 0.5f});
  const Tensor x =
      torch::cat({gaussian(others, torch::zeros({3}), random), gaussian(own, mean, random)});
  const Tensor points = 0.7 * random.normal({400, 3}) + 0.5 * mean;
  // log p(x) of the policy over that of the others: m'x - |m|^2 / 2.
  const Tensor ratio = (points.matmul(mean) - 0.5 * mean.square().sum()).exp();
  const Tensor in_buffer = (own * ratio + others) / (own + others);
  for (const double label : {0.0, 0.1}) {
    DiscriminatorConfig config;
    config.learning_rate = 1e-3;
    config.penalty = 0;
    config.passes = 40;
    config.buffer_label = label;
    TransitionDiscriminator discriminator(1, 1, config, RandomStream(1, "d"), torch::kCPU);
    discriminator.train(transitions_of(x), own, 256);
    const Tensor expected = ((ratio + label * in_buffer) / ((1 - label) * in_buffer)).log();
    const Tensor error = discriminator.logits(transitions_of(points)) - expected;
    EXPECT_LT(error.square().mean().sqrt().item<double>(), 0.15) << label;
    EXPECT_LT(error.mean().abs().item<double>(), 0.1) << label;
  }
}

TEST(TransitionDiscriminator, SlopesAreTheLogitsDerivatives) {
  RandomStream random(4, "data");
  DiscriminatorConfig config;
  config.hidden = 16;
  const TransitionDiscriminator discriminator(2, 1, config, RandomStream(1, "d"), torch::kCPU);
  const Tensor x = random.normal({6, 5});
  const auto logits = [&](const Tensor& at) {
    const Tensor none = torch::zeros({6}, torch::kBool);
    return discriminator.logits(
        {at.narrow(1, 0, 2), at.narrow(1, 2, 1), none, at.narrow(1, 3, 2), none, none});
  };
  Tensor square = torch::zeros({6});
  for (int64_t i = 0; i < 5; ++i) {
    constexpr double step = 1e-2;
    Tensor up = x.clone(), down = x.clone();
    up.select(1, i) += step;
    down.select(1, i) -= step;
    square += ((logits(up) - logits(down)) / (2 * step)).square();
  }
  EXPECT_TRUE(torch::allclose(discriminator.slopes(x), square.sqrt(), 1e-3, 1e-4));
}

TEST(TransitionDiscriminator, ThePenaltyHoldsSlopesNearOne) {
  RandomStream random(4, "data");
  const Tensor mean = torch::full({3}, 3.0f);
  const Tensor x =
      torch::cat({gaussian(600, torch::zeros({3}), random), gaussian(300, mean, random)});
  const auto steepest = [&](double penalty) {
    DiscriminatorConfig config;
    config.learning_rate = 3e-3;
    config.hidden = 32;
    config.penalty = penalty;
    config.buffer_label = 0;
    TransitionDiscriminator discriminator(1, 1, config, RandomStream(1, "d"), torch::kCPU);
    discriminator.train(transitions_of(x), 300, 100);
    return discriminator.slopes(x).max().item<double>();
  };
  EXPECT_GT(steepest(0), 1.6);
  EXPECT_LT(steepest(10), 1.4);
}

}  // namespace
}  // namespace reverie
