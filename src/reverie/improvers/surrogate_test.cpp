#include <reverie/improvers/surrogate.h>

#include <reverie/policies/test_samples.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

using namespace testing;

TEST(Surrogate, ItsGradientIsTheMeanOfItsMinibatches) {
  RandomStream random(5, "surrogate");
  const GaussianPolicy policy = random_policy({8}, 3, 2, random);
  const SurrogateProblem problem(policy, random_batch(policy, 2, 300, random));
  ASSERT_EQ(problem.rows(), 600);
  const Tensor parameters = policy.parameters() + 0.1 * random.normal(policy.parameters().sizes());
  const SurrogateTerms terms{0.2, 0.5};
  const Tensor whole = problem.gradient(parameters, terms);
  const Tensor order = random.permutation(600);
  EXPECT_TRUE(torch::allclose(problem.gradient_over(order, parameters, terms), whole, 1e-4, 1e-6));
  Tensor sum = torch::zeros_like(whole);
  for (const Tensor& rows : order.chunk(4))
    sum += problem.gradient_over(rows, parameters, terms) / 4;
  EXPECT_TRUE(torch::allclose(sum, whole, 1e-4, 1e-6));
}

}  // namespace
}  // namespace reverie
