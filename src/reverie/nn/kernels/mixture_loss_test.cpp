#include <reverie/core/random.h>
#include <reverie/models/heads.h>
#include <reverie/nn/kernels/mixture_loss.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

TEST(MixtureLoss, IsTheTwinsLossAndGradient) {
  RandomStream random(6, "loss");
  for (const int64_t end : {-1, 2})
    for (const auto& [components, width, floor_at] :
         {std::tuple{5, 1.0, -1.5f}, {10, 1.0, -1.5f}, {1, 1.0, 0.0f}, {5, 12.0, -12.0f}}) {
      const HeadShape shape{Head::mixture, 3, components, end};
      const auto raw = (width * random.normal({40, shape.outputs()})).contiguous();
      const auto target = (width * random.normal({40, 3})).contiguous();
      auto gradient = torch::full_like(raw, 7.0f);
      kernels::MixtureLoss loss({3, components, floor_at}, end);
      const auto found =
          loss(raw.data_ptr<float>(), target.data_ptr<float>(), 40, gradient.data_ptr<float>());
      const auto leaf = raw.to(torch::kFloat64).requires_grad_();
      const auto floor = torch::full({1, 1}, floor_at, torch::kFloat64).requires_grad_();
      const auto expected = negative_log_likelihood(shape.mixture(leaf, floor), target).mean();
      expected.backward();
      EXPECT_NEAR(found.loss, expected.item<double>(), 1e-5 * std::abs(expected.item<double>()));
      const auto largest = leaf.grad().abs().max().item<double>();
      EXPECT_LT((gradient - leaf.grad()).abs().max().item<double>(), 1e-5 * largest);
      const double by_floor = floor.grad().item<double>();
      EXPECT_NEAR(found.floor_gradient, by_floor, 1e-4 * std::abs(by_floor));
    }
}

TEST(MixtureLoss, WhatIsNotANumberIsNone) {
  RandomStream random(6, "loss");
  for (const int64_t at : {0, 7, 14}) {  // a mean, a variance, a logit
    auto raw = random.normal({1, 15}), gradient = torch::empty({1, 15});
    raw[0][at] = std::nan("");
    const auto target = torch::zeros({1, 1});
    kernels::MixtureLoss loss({1, 5, 0.0f}, -1);
    EXPECT_TRUE(std::isnan(
        loss(raw.data_ptr<float>(), target.data_ptr<float>(), 1, gradient.data_ptr<float>()).loss))
        << at;
  }
}

}  // namespace
}  // namespace reverie
