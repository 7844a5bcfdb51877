#include <reverie/improvers/surrogate.h>
#include <reverie/improvers/trpo.h>
#include <reverie/policies/test_samples.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

using namespace testing;

TEST(ConjugateGradient, SolvesInAsManyStepsAsDimensions) {
  RandomStream random(1, "cg");
  const Tensor root = random.normal({8, 8}).to(torch::kFloat64);
  const Tensor a = torch::mm(root, root.t()) + torch::eye(8, torch::kFloat64);
  const Tensor b = random.normal({8}).to(torch::kFloat64);
  const Tensor x = conjugate_gradient([&](const Tensor& v) { return torch::mv(a, v); }, b, 8);
  EXPECT_LT(relative_error(torch::mv(a, x), b), 1e-5);
}

/// A quadratic with a known answer: surrogate g.x - c |x|^2 / 2, divergence |x|^2 / 2.
class Quadratic : public PolicyProblem {
 public:
  Quadratic(Tensor g, double c) : g_(std::move(g)), c_(c) {}
  Value evaluate(const Tensor& x, const SurrogateTerms&) const override {
    const double half_square = 0.5 * x.to(torch::kFloat64).square().sum().item<double>();
    return {(g_ * x).sum().item<double>() - c_ * half_square, half_square};
  }
  Tensor gradient(const Tensor& x, const SurrogateTerms&) const override { return g_ - c_ * x; }
  std::function<Tensor(const Tensor&)> fisher(double) const override {
    return [](const Tensor& v) { return v; };
  }

 private:
  Tensor g_;
  double c_;
};

class TrpoOnAQuadratic : public ::testing::Test {
 protected:
  TrpoOnAQuadratic() {
    PolicyConfig config;
    config.hidden = {};
    policy = std::make_unique<GaussianPolicy>(1, 1, config, random);
    policy->set_parameters(torch::zeros({3}));
  }
  RandomStream random{2, "trpo"};
  std::unique_ptr<GaussianPolicy> policy;
  Tensor g = torch::tensor({3.0f, 0.0f, 4.0f});
};

TEST_F(TrpoOnAQuadratic, StepsToTheBorderOfTheTrustRegion) {
  TrpoConfig config;
  config.damping = 1e-3;  // keeps the full step inside the border by more than rounding
  const ImprovementReport report = Trpo(config).step(*policy, Quadratic(g, 0.0));
  EXPECT_TRUE(report.accepted);
  EXPECT_EQ(report.backtracks, 0);
  EXPECT_NEAR(report.kl, 0.01, 2e-5);
  EXPECT_LT(relative_error(policy->parameters(), g / 5 * std::sqrt(0.02)), 1e-3);
}

TEST_F(TrpoOnAQuadratic, BacktracksUntilTheSurrogateImproves) {
  // Along g the surrogate is 5 t - c t^2 / 2: better than 0 while t < 10 / c.
  const ImprovementReport report = Trpo({}).step(*policy, Quadratic(g, 100.0));
  EXPECT_TRUE(report.accepted);
  EXPECT_EQ(report.backtracks, 2);  // sqrt(0.02) 0.8^k < 0.1
  EXPECT_GT(report.improvement(), 0.0);
}

TEST_F(TrpoOnAQuadratic, KeepsTheParametersWhereNothingImproves) {
  const Tensor before = policy->parameters().clone();
  const ImprovementReport report = Trpo({}).step(*policy, Quadratic(g, 1e6));
  EXPECT_FALSE(report.accepted);
  EXPECT_EQ(report.kl, 0.0);
  EXPECT_EQ(report.improvement(), 0.0);
  EXPECT_TRUE(torch::equal(policy->parameters(), before));
}

TEST(Trpo, StaysWithinTheTrustRegion) {
  RandomStream random(3, "trpo");
  GaussianPolicy policy = random_policy({16, 16}, 5, 3, random);
  for (int i = 0; i < 5; ++i) {
    const SurrogateProblem problem(policy, random_batch(policy, 1, 600, random));
    const ImprovementReport report = Trpo({}).step(policy, problem);
    EXPECT_TRUE(report.accepted);
    EXPECT_LE(report.kl, 0.01);
    EXPECT_GT(report.kl, 0.002);  // most of the region is used
  }
}

}  // namespace
}  // namespace reverie
