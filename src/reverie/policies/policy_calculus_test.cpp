#include <reverie/core/workers.h>
#include <reverie/policies/policy_calculus.h>
#include <reverie/policies/policy_calculus_autograd.h>
#include <reverie/policies/test_samples.h>

#include <fmt/ranges.h>
#include <gtest/gtest.h>

namespace reverie {
namespace {

using namespace testing;

// Every function of the calculus against its autograd twin in double precision. The shapes: one
// row, odd widths, no to three hidden layers, rows that fill no block, one block, and several
// units.
struct Shape {
  std::vector<int64_t> hidden;
  int64_t observations, actions, tasks, rows;
};
void PrintTo(const Shape& shape, std::ostream* out) {
  *out << fmt::format("hidden [{}], {} to {}, {} tasks of {} rows", fmt::join(shape.hidden, ", "),
                      shape.observations, shape.actions, shape.tasks, shape.rows);
}

class PolicyCalculus : public ::testing::TestWithParam<Shape> {
 protected:
  PolicyCalculus() {
    const Shape& shape = GetParam();
    policy = std::make_unique<GaussianPolicy>(
        random_policy(shape.hidden, shape.observations, shape.actions, random));
    batch = random_batch(*policy, shape.tasks, shape.rows, random);
    const int64_t p = policy->parameter_count();
    shared = policy->parameters();
    separate = shared + 0.1 * random.normal({shape.tasks, p});
    v = random.normal({shape.tasks, p});
  }

  RandomStream random{7, "calculus"};
  std::unique_ptr<GaussianPolicy> policy;
  PolicyBatch batch;
  Tensor shared, separate, v;
};

TEST_P(PolicyCalculus, ScoreGradientEqualsAutograd) {
  for (const Tensor& at : {shared, separate}) {
    const Tensor exact =
        calculus::autograd::score_gradient(*policy, at.to(torch::kFloat64), to_double(batch));
    EXPECT_LT(relative_error(calculus::score_gradient(*policy, at, batch), exact), 2e-5);
  }
}

TEST_P(PolicyCalculus, ScoreHessianProductEqualsAutograd) {
  for (const Tensor& at : {shared, separate}) {
    const Tensor exact = calculus::autograd::score_hessian_product(
        *policy, at.to(torch::kFloat64), to_double(batch), v.to(torch::kFloat64));
    EXPECT_LT(relative_error(calculus::score_hessian_product(*policy, at, batch, v), exact), 2e-5);
  }
}

TEST_P(PolicyCalculus, FisherProductEqualsAutograd) {
  for (const Tensor& at : {shared, separate}) {
    const Tensor exact = calculus::autograd::fisher_product(
        *policy, at.to(torch::kFloat64), to_double(batch), v.to(torch::kFloat64));
    EXPECT_LT(relative_error(calculus::fisher_product(*policy, at, batch, v), exact), 2e-5);
  }
}

TEST_P(PolicyCalculus, SurrogateEqualsAutograd) {
  const OldPolicy old = calculus::evaluate(*policy, shared, batch);
  for (const SurrogateTerms& terms :
       {SurrogateTerms{}, SurrogateTerms{0.2, 0.0}, SurrogateTerms{0.5, 0.3}}) {
    const Tensor exact_gradient = calculus::autograd::surrogate_gradient(
        *policy, separate.to(torch::kFloat64), to_double(batch), to_double(old), terms);
    EXPECT_LT(relative_error(calculus::surrogate_gradient(*policy, separate, batch, old, terms),
                             exact_gradient),
              5e-5);
    const SurrogateMeans exact = calculus::autograd::surrogate(
        *policy, separate.to(torch::kFloat64), to_double(batch), to_double(old), terms);
    const SurrogateMeans means = calculus::surrogate(*policy, separate, batch, old, terms);
    EXPECT_LT((means.surrogate - exact.surrogate).abs().max().item<double>(), 2e-5);
    EXPECT_LT((means.kl - exact.kl).abs().max().item<double>(), 2e-5);
  }
}

TEST_P(PolicyCalculus, OldPolicyHasNoDivergenceFromItself) {
  const OldPolicy old = calculus::evaluate(*policy, separate, batch);
  const OldPolicy twin =
      calculus::autograd::evaluate(*policy, separate.to(torch::kFloat64), to_double(batch));
  EXPECT_LT(relative_error(old.mean, twin.mean), 1e-5);
  EXPECT_LT(relative_error(old.log_prob, twin.log_prob), 1e-5);
  EXPECT_LT(relative_error(old.log_std, twin.log_std), 1e-6);
  const SurrogateMeans means = calculus::surrogate(*policy, separate, batch, old);
  EXPECT_EQ(means.kl.abs().max().item<double>(), 0.0);
  EXPECT_LT((means.surrogate - batch.advantage.mean(1)).abs().max().item<double>(), 1e-6);
}

TEST_P(PolicyCalculus, BitsDoNotDependOnTheNumberOfThreads) {
  const auto all = [&] {
    const OldPolicy old = calculus::evaluate(*policy, shared, batch);
    return std::vector<Tensor>{old.mean,
                               old.log_prob,
                               calculus::score_gradient(*policy, separate, batch),
                               calculus::score_hessian_product(*policy, separate, batch, v),
                               calculus::fisher_product(*policy, separate, batch, v),
                               calculus::surrogate_gradient(*policy, separate, batch, old),
                               calculus::surrogate(*policy, separate, batch, old).kl};
  };
  const int before = worker_count();
  set_worker_count(1);
  const std::vector<Tensor> one = all();
  for (const int threads : {2, 3}) {
    set_worker_count(threads);
    const std::vector<Tensor> many = all();
    for (size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(torch::equal(one[i], many[i])) << i;
  }
  set_worker_count(before);
}

INSTANTIATE_TEST_SUITE_P(Shapes, PolicyCalculus,
                         ::testing::Values(Shape{{32, 32}, 17, 6, 3, 700}, Shape{{5}, 3, 1, 2, 1},
                                           Shape{{7, 13, 3}, 2, 5, 1, 257}, Shape{{}, 4, 2, 2, 256},
                                           Shape{{64, 64}, 27, 8, 1, 2100}));

// Below the floor the standard deviation is constant: no derivative goes through it.
TEST(PolicyCalculusFloor, HoldsTheDeviationConstant) {
  RandomStream random(3, "floor");
  PolicyConfig config;
  config.hidden = {8};
  config.min_std = 0.5;
  GaussianPolicy policy(3, 2, config, random);
  Tensor at = policy.parameters().clone();
  at.narrow(0, policy.parameter_count() - 2, 1).fill_(-2.0);  // one below, one above
  policy.set_parameters(at);
  const PolicyBatch batch = random_batch(policy, 1, 50, random);
  const Tensor v = random.normal({policy.parameter_count()});
  const Tensor wide = at.to(torch::kFloat64);
  const OldPolicy old = calculus::evaluate(policy, at, batch);
  const auto near = [](const Tensor& a, const Tensor& b) { return relative_error(a, b) < 2e-5; };
  EXPECT_FLOAT_EQ(old.log_std[0][0].item<float>(), std::log(0.5f));
  EXPECT_TRUE(near(calculus::score_gradient(policy, at, batch),
                   calculus::autograd::score_gradient(policy, wide, to_double(batch))));
  EXPECT_TRUE(near(calculus::score_hessian_product(policy, at, batch, v),
                   calculus::autograd::score_hessian_product(policy, wide, to_double(batch), v)));
  EXPECT_TRUE(near(calculus::fisher_product(policy, at, batch, v),
                   calculus::autograd::fisher_product(policy, wide, to_double(batch), v)));
  EXPECT_TRUE(
      near(calculus::surrogate_gradient(policy, at, batch, old),
           calculus::autograd::surrogate_gradient(policy, wide, to_double(batch), to_double(old))));
}

}  // namespace
}  // namespace reverie
