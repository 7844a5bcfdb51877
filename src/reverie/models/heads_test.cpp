// Heads against plain loops in double precision, finite differences and their own distribution.
#include <reverie/core/random.h>
#include <reverie/models/fit.h>
#include <reverie/models/objectives/likelihood.h>
#include <reverie/nn/kernels/test_torch_path.h>

#include <gtest/gtest.h>

#include <numbers>

namespace reverie {
namespace {

constexpr int64_t kRows = 5, kTargets = 3, kComponents = 4;

HeadShape mixture_of(int64_t end = -1) {
  return {Head::mixture, kTargets, kComponents, end};
}

double at(const Tensor& tensor, std::initializer_list<int64_t> index) {
  Tensor found = tensor;
  for (const int64_t i : index) found = found[i];
  return found.item<double>();
}

double softplus(double x) {
  return std::log1p(std::exp(x));
}

/// One number's mixture, from raw outputs [n, 3 C d].
struct OneMixture {
  OneMixture(const Tensor& raw, double floor, int64_t row, int64_t j) {
    const auto part = [&](int64_t which, int64_t c) {
      return at(raw, {row, (which * kTargets + j) * kComponents + c});
    };
    double total = 0;
    for (int64_t c = 0; c < kComponents; ++c) total += std::exp(part(2, c));
    for (int64_t c = 0; c < kComponents; ++c) {
      weight.push_back(std::exp(part(2, c)) / total);
      mean.push_back(part(0, c));
      variance.push_back(softplus(part(1, c)) + softplus(floor));
    }
  }
  double sum(const std::function<double(size_t)>& term) const {
    double total = 0;
    for (size_t c = 0; c < weight.size(); ++c) total += weight[c] * term(c);
    return total;
  }
  double whole_mean() const {
    return sum([&](size_t c) { return mean[c]; });
  }
  double whole_variance() const {
    return sum([&](size_t c) { return variance[c] + mean[c] * mean[c]; }) -
           whole_mean() * whole_mean();
  }
  double density(double y) const {
    return sum([&](size_t c) {
      const double z = (y - mean[c]) / std::sqrt(variance[c]);
      return std::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi * variance[c]);
    });
  }
  double below(double y) const {
    return sum(
        [&](size_t c) { return 0.5 * std::erfc((mean[c] - y) / std::sqrt(2 * variance[c])); });
  }
  std::vector<double> weight, mean, variance;
};

struct MixtureHead : ::testing::Test {
  RandomStream random{7, "mixture"};
  Tensor raw = 2 * random.normal({kRows, 3 * kTargets* kComponents}).to(torch::kFloat64);
  Tensor floor = torch::full({1, 1}, -0.7, torch::kFloat64);
  Tensor target = random.normal({kRows, kTargets}).to(torch::kFloat64);
};

TEST_F(MixtureHead, IsThePlainLoop) {
  const HeadShape head = mixture_of();
  ASSERT_EQ(head.outputs(), raw.size(1));
  const Prediction said = head.split(raw, floor);
  const Tensor losses = negative_log_likelihood(said.components, target);
  double total = 0;
  for (int64_t row = 0; row < kRows; ++row)
    for (int64_t j = 0; j < kTargets; ++j) {
      const OneMixture one(raw, -0.7, row, j);
      const double expected = -std::log(one.density(at(target, {row, j})));
      EXPECT_NEAR(at(losses, {row, j}), expected, 1e-9);
      EXPECT_NEAR(at(said.mean, {row, j}), one.whole_mean(), 1e-9);
      EXPECT_NEAR(at(said.log_variance, {row, j}), std::log(one.whole_variance()), 1e-9);
      total += expected / (kRows * kTargets);
    }
  EXPECT_NEAR(Likelihood().loss(said, target, {}).item<double>(), total, 1e-9);
  EXPECT_TRUE(torch::allclose(head.mean(raw), said.mean));
  // Two members with a floor each are as each alone.
  const auto two = torch::stack({raw, raw.flip(0)});
  const auto floors = torch::stack({floor, floor + 1}).unsqueeze(1);
  const Prediction both = head.split(two, floors);
  const Prediction second = head.split(two[1], floor + 1);
  EXPECT_TRUE(torch::allclose(both.member(1).components.variance, second.components.variance));
  EXPECT_TRUE(torch::allclose(both.member(1).log_variance, second.log_variance));
}

TEST_F(MixtureHead, ItsGradientAgreesWithFiniteDifferences) {
  for (const int64_t end : {int64_t{-1}, kTargets - 1}) {
    const auto loss = [&](const Tensor& outputs, const Tensor& bounds) {
      return Likelihood().loss(mixture_of(end).split(outputs, bounds), target, {});
    };
    const auto x = raw.clone().requires_grad_(), b = floor.clone().requires_grad_();
    loss(x, b).backward();
    constexpr double step = 1e-6;
    for (int64_t i = 0; i < raw.numel(); ++i) {
      auto up = raw.clone(), down = raw.clone();
      up.flatten()[i] += step;
      down.flatten()[i] -= step;
      const double slope = (loss(up, floor) - loss(down, floor)).item<double>() / (2 * step);
      EXPECT_NEAR(x.grad().flatten()[i].item<double>(), slope, 1e-7);
    }
    const double slope = (loss(raw, floor + step) - loss(raw, floor - step)).item<double>();
    EXPECT_NEAR(b.grad().item<double>(), slope / (2 * step), 1e-7);
  }
}

TEST_F(MixtureHead, AnEndIsASquaredError) {
  const int64_t end = kTargets - 1;
  const HeadShape head = mixture_of(end);
  const Prediction said = head.split(raw, floor);
  const Tensor losses = negative_log_likelihood(said.components, target);
  for (int64_t row = 0; row < kRows; ++row) {
    const double mean = at(raw, {row, end * kComponents});  // the first component's
    const double error = mean - at(target, {row, end});
    EXPECT_NEAR(at(said.mean, {row, end}), mean, 1e-12);
    EXPECT_NEAR(at(head.mean(raw), {row, end}), mean, 1e-12);
    EXPECT_NEAR(at(losses, {row, end}), 0.5 * error * error + 0.5 * std::log(2 * std::numbers::pi),
                1e-12);
    EXPECT_NEAR(at(losses, {row, 0}),
                -std::log(OneMixture(raw, -0.7, row, 0).density(at(target, {row, 0}))), 1e-9);
  }
}

TEST_F(MixtureHead, DrawsFollowTheDistribution) {
  constexpr int64_t draws = 40'000;
  const auto outputs = raw.narrow(0, 0, 1).to(torch::kFloat32).expand({draws, -1});
  const Prediction said = mixture_of().split(outputs, floor.to(torch::kFloat32));
  const Tensor drawn_numbers =
      drawn(said, random.normal({draws, kTargets}), random.uniform({draws, kTargets}, 0, 1));
  for (int64_t j = 0; j < kTargets; ++j) {
    const OneMixture one(raw, -0.7, 0, j);
    const Tensor found = drawn_numbers.select(1, j).to(torch::kFloat64);
    const double deviation = std::sqrt(one.whole_variance());
    EXPECT_NEAR(found.mean().item<double>(), one.whole_mean(), 5 * deviation / std::sqrt(draws));
    EXPECT_NEAR(found.var().item<double>(), one.whole_variance(), 0.05 * one.whole_variance());
    for (const double z : {-1.5, -0.5, 0.0, 0.7, 1.6}) {
      const double y = one.whole_mean() + z * deviation;
      EXPECT_NEAR((found < y).to(torch::kFloat64).mean().item<double>(), one.below(y), 0.0125);
    }
  }
}

// What goes left or right by no fault of the state's: two thin peaks.
TEST(MixtureHeadFit, FitsTwoPeaksWhereAGaussianFindsOne) {
  RandomStream random(2, "peaks");
  Transitions data;
  data.observation = random.normal({3000, 1});
  data.action = random.uniform({3000, 1}, -1, 1);
  const auto side = random.uniform({3000, 1}, -1, 1).sign();
  data.next_observation = data.observation + side + 0.1 * random.normal({3000, 1});
  data.reward = torch::zeros({3000});
  data.terminated = data.truncated = torch::zeros({3000}, torch::kBool);
  TaskSpec spec;
  spec.observation_size = 1;
  spec.action_low = {-1};
  spec.action_high = {1};
  const auto holdout_loss = [&](Head head) {
    ModelConfig config;
    config.members = 1;
    config.hidden = {32};
    config.head = head;
    RandomStream weights(3, "peaks");
    DynamicsModel model(spec, config, weights);
    FitConfig fit_config;
    fit_config.batch = 100;
    fit_config.learning_rate = 5e-3;
    Likelihood likelihood;
    Monitor monitor;
    const double loss =
        fit(model, data, likelihood, fit_config, 60, random.split(1), monitor).holdout_loss;
    // A Gaussian's is twice the negative log-likelihood, without its constant.
    return head == Head::gaussian ? 0.5 * (loss + std::log(2 * std::numbers::pi)) : loss;
  };
  // In normalised units, two peaks at nearly 1 and -1 of deviation s. A Gaussian of variance 1 is
  // the best there is of one peak.
  const double s = 0.1 / std::sqrt(1.01), constant = 0.5 * std::log(2 * std::numbers::pi);
  const double of_one = constant + 0.5, of_two = constant + 0.5 + std::log(s) + std::log(2.0);
  EXPECT_NEAR(holdout_loss(Head::gaussian), of_one, 0.05);
  EXPECT_NEAR(holdout_loss(Head::mixture), of_two, 0.15);
}

// MBPO's bounds and loss (mbpo/models/bnn.py): by hand for raw log-variances 0, 2 and -12 between
// -10 and 0.5, errors -0.3, -2 and 0.
TEST(GaussianHead, IsMbposOnACaseByHand) {
  const HeadShape head{Head::gaussian, 3};
  const auto bounds = head.first_bounds(1)[0];
  const auto raw = torch::tensor({{0.2f, -1.0f, 0.5f, 0.0f, 2.0f, -12.0f}});
  const auto target = torch::tensor({{0.5f, 1.0f, 0.5f}});
  const Prediction said = head.split(raw, bounds);
  const auto expected =
      torch::tensor({{-0.4740040504607226, 0.2986204021117711, -9.873072433183419}});
  EXPECT_LT(testing::difference(said.log_variance, expected), 1e-6);
  EXPECT_NEAR(Likelihood().loss(said, target, {}).item<double>(), -2.312171679359017, 1e-5);
}

}  // namespace
}  // namespace reverie
