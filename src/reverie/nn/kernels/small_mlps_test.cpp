#include <reverie/nn/kernels/small_mlps.h>
#include <reverie/policies/gaussian_policy.h>

#include <fmt/ranges.h>
#include <gtest/gtest.h>

namespace reverie {
namespace {

struct Case {
  std::vector<int64_t> hidden;
  int64_t observation, action, rows;
};
void PrintTo(const Case& shape, std::ostream* out) {
  *out << fmt::format("hidden [{}], {} to {}, {} rows", fmt::join(shape.hidden, ", "),
                      shape.observation, shape.action, shape.rows);
}

class SmallMlpsTest : public testing::TestWithParam<Case> {};

TEST_P(SmallMlpsTest, EqualsTheTwin) {
  const auto& shape = GetParam();
  RandomStream random(3, "small mlps");
  PolicyConfig config;
  config.hidden = shape.hidden;
  const GaussianPolicy policy(shape.observation, shape.action, config, random);
  const int64_t p = policy.parameter_count();
  const auto parameters = 0.5 * random.normal({3, p});
  kernels::SmallMlps mlps(policy.sizes(), parameters.data_ptr<float>(), 3, p);
  for (int64_t set : {2, 0, 1}) {
    const auto observation = random.normal({shape.rows, shape.observation});
    const auto mean = torch::full({shape.rows, shape.action}, NAN);
    mlps.forward(set, observation.data_ptr<float>(), shape.rows, mean.data_ptr<float>());
    const auto leaf = parameters[set].clone().requires_grad_();  // else another kernel
    const auto expected = policy.distribution(leaf, observation).mean;
    ASSERT_TRUE(expected.requires_grad());
    EXPECT_TRUE(torch::allclose(mean, expected.detach(), 1e-4, 1e-5));
    // A row has the same bits in whatever company.
    auto alone = torch::full_like(mean, NAN);
    for (int64_t row = 0; row < shape.rows; ++row)
      mlps.forward(set, observation[row].data_ptr<float>(), 1, alone[row].data_ptr<float>());
    EXPECT_TRUE(torch::equal(alone, mean));
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, SmallMlpsTest,
                         testing::Values(Case{{32, 32}, 17, 6, 5}, Case{{32, 32}, 17, 6, 1},
                                         Case{{64, 64}, 11, 3, 8}, Case{{7}, 3, 1, 6},
                                         Case{{}, 4, 17, 3}, Case{{33, 5, 48}, 1, 16, 23}));

}  // namespace
}  // namespace reverie
