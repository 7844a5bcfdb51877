// The H-step value of an actor-critic's policy, and its gradient.
#include <reverie/improvers/pathwise_value.h>

#include <reverie/imagination/test_line_task.h>
#include <reverie/values/q_critic.h>

#include <gtest/gtest.h>

#include <cmath>

namespace reverie {
namespace {

using testing::LineTask;

/// Q(s, a) = s_0 + 2 a_0, and one more.
struct LinearCritic : Critic {
  Tensor q(const Tensor& observation, const Tensor& action) const override {
    const Tensor value = observation.select(1, 0) + 2 * action.select(1, 0);
    return torch::stack({value, value + 1});
  }
};

struct PathwiseValueTest : ::testing::Test {
  PathwiseValueTest() {
    ModelConfig config;
    config.members = 3;
    config.elites = 2;
    config.hidden = {12};
    config.activation = Activation::tanh;  // smooth, for finite differences
    config.clip_margin = -1;
    RandomStream random(1, "pathwise-value-test");
    model = std::make_unique<DynamicsModel>(task.spec(), config, random);
    Transitions data;
    data.observation = random.normal({500, 3}) + 0.5;
    data.action = random.normal({500, 2});
    data.next_observation = data.observation + 0.3 * random.normal({500, 3});
    data.reward = torch::zeros({500});
    model->set_statistics(data);
    model->choose_elites({0.3, 0.1, 0.2});
    policy =
        std::make_unique<SquashedGaussianPolicy>(task.spec(), PolicyNetworkConfig{{8}}, random);
    from = random.normal({7, 3});
    noise = random.normal({7, 2});
  }
  Tensor value(const Tensor& parameters, const Task& in) {
    RandomStream random(5, "paths");
    return pathwise_value(in, *model, *policy, critic, parameters, from,
                          policy->draw(parameters, from, noise), config, 0.9, temperature, random);
  }

  LineTask task{0};
  std::unique_ptr<DynamicsModel> model;
  std::unique_ptr<SquashedGaussianPolicy> policy;
  LinearCritic critic;
  Tensor from, noise;
  PathwiseValueConfig config{.horizon = 3, .soft = false};
  double temperature = 0.3;
};

TEST_F(PathwiseValueTest, WithoutStepsItIsTheSmallestCriticsValue) {
  config.horizon = 0;
  const Tensor action = policy->act(policy->parameters(), from, noise);
  EXPECT_TRUE(
      torch::allclose(value(policy->parameters(), task), critic.q(from, action).select(0, 0)));
}

// One step, whichever elite moved a row: the first is none.
TEST_F(PathwiseValueTest, AStepIsAnElitesRewardAndTheValueAfter) {
  config.horizon = 1;
  const Tensor& theta = policy->parameters();
  const Tensor found = value(theta, task);
  RandomStream random(5, "paths");
  random.permutation(7);
  const Tensor later = random.normal({7, 2}), action = policy->act(theta, from, noise);
  const auto next = model->predict(from, action).observation;  // [3, 7, 3]
  Tensor explained = torch::zeros({7}, torch::kBool), elite_rows[3];
  for (const int64_t k : {1, 2}) {
    const Tensor expected =
        task.reward(from, action, next[k]) +
        0.9 * critic.q(next[k], policy->act(theta, next[k], later)).select(0, 0);
    elite_rows[k] = (found - expected).abs() < 1e-4;
    explained = explained | elite_rows[k];
  }
  EXPECT_TRUE(explained.all().item<bool>());
  EXPECT_GE(elite_rows[1].sum().item<int64_t>(), 3) << "dealt evenly";
  EXPECT_GE(elite_rows[2].sum().item<int64_t>(), 3);
}

TEST_F(PathwiseValueTest, IsDifferentiatedThroughModelRewardAndCritic) {
  for (const bool soft : {false, true}) {
    config.soft = soft;
    const Tensor theta = policy->parameters().clone().requires_grad_();
    const Tensor gradient = torch::autograd::grad({value(theta, task).mean()}, {theta})[0];
    RandomStream random(6, "directions");
    for (int i = 0; i < 6; ++i) {
      const Tensor direction = random.normal(theta.sizes()) * (theta.detach() != 0);
      constexpr double step = 2e-3;  // in floats
      const torch::NoGradGuard no_grad;
      const double slope = ((value(theta + step * direction, task).mean() -
                             value(theta - step * direction, task).mean()) /
                            (2 * step))
                               .item<double>();
      const double expected = (gradient * direction).sum().item<double>();
      EXPECT_NEAR(slope, expected, 1e-2 * (1 + std::abs(expected)));
    }
  }
}

TEST_F(PathwiseValueTest, NothingCountsBeyondAnEnd) {
  const LineTask ending(1e-6);  // over at once
  config.horizon = 1;
  const Tensor& theta = policy->parameters();
  const Tensor alone = value(theta, ending);
  config.horizon = 3;
  config.soft = true;
  EXPECT_TRUE(torch::allclose(alone, value(theta, ending)));
  EXPECT_FALSE(torch::allclose(alone, value(theta, task)));
}

}  // namespace
}  // namespace reverie
