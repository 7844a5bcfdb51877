// Weights by recency against sums by hand.
#include <reverie/core/archive.h>
#include <reverie/core/monitor.h>
#include <reverie/models/dynamics_model.h>
#include <reverie/models/objectives/pmac.h>
#include <reverie/models/objectives/test_policy_and_critic.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

struct PmacTest : ::testing::Test {
  PmacTest() : model(testing::tiny_model()) {}
  /// The weights of a fit of `rows`, `fresh` of them new, scaled to sum to 1.
  std::vector<double> weights(Pmac& objective, int64_t rows, int64_t fresh) {
    Transitions data;
    data.observation = torch::zeros({rows, 1});
    objective.prepare({data, model, monitor, nullptr, nullptr, fresh});
    const Tensor sampling = objective.sampling().to(torch::kFloat64);
    const Tensor share = (sampling / sampling.sum()).contiguous();
    return {share.data_ptr<double>(), share.data_ptr<double>() + rows};
  }
  static void expect_near(const std::vector<double>& found, const std::vector<double>& expected) {
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-6) << i;
  }
  DynamicsModel model;
  Monitor monitor;
};

TEST_F(PmacTest, EachPolicyLeavesNineTenthsToThoseBefore) {
  Pmac objective({}, Weigh::sampling);
  expect_near(weights(objective, 4, 4), {0.25, 0.25, 0.25, 0.25});
  expect_near(weights(objective, 6, 2), {0.225, 0.225, 0.225, 0.225, 0.05, 0.05});
  expect_near(weights(objective, 6, 0), {0.225, 0.225, 0.225, 0.225, 0.05, 0.05});
  expect_near(weights(objective, 7, 1), {0.2025, 0.2025, 0.2025, 0.2025, 0.045, 0.045, 0.1});
  // The oldest three have been dropped: the others' mass is what there is.
  const double all = 0.2025 * 0.9 + 0.09 * 0.9 + 0.09 + 0.1;
  expect_near(weights(objective, 5, 1),
              {0.2025 * 0.9 / all, 0.0405 / all, 0.0405 / all, 0.09 / all, 0.1 / all});
  EXPECT_FALSE(objective.start_weights().defined());
}

TEST_F(PmacTest, APolicyOfSoManyRows) {
  Pmac objective({0.5, 2}, Weigh::sampling);
  weights(objective, 2, 2);
  expect_near(weights(objective, 5, 3), {0.125, 0.125, 0.125, 0.125, 0.5});
}

TEST_F(PmacTest, GoesOnFromAnArchive) {
  Pmac objective({}, Weigh::sampling), other({}, Weigh::sampling);
  weights(objective, 4, 4);
  weights(objective, 6, 2);
  Archive archive;
  archive("objective", objective);
  Archive saved = Archive::from_bytes(archive.bytes());
  saved("objective", other);
  EXPECT_EQ(weights(objective, 9, 3), weights(other, 9, 3));
}

}  // namespace
}  // namespace reverie
