// The pathwise gradient against finite differences, and against what is known of a linear system.
#include <reverie/core/workers.h>
#include <reverie/imagination/pathwise.h>
#include <reverie/imagination/test_line_task.h>
#include <reverie/policies/gaussian_policy.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

using testing::LineTask;

struct PathwiseTest : ::testing::Test {
  PathwiseTest() {
    ModelConfig config;
    config.members = 2;
    config.hidden = {12};
    config.activation = Activation::tanh;  // smooth, for finite differences
    config.clip_action = false;
    config.clip_margin = -1;
    RandomStream random(1, "pathwise-test");
    model = std::make_unique<DynamicsModel>(task.spec(), config, random);
    Transitions data;
    data.observation = random.normal({500, 3}) + 0.5;
    data.action = random.normal({500, 2});
    data.next_observation = data.observation + 0.3 * random.normal({500, 3});
    data.reward = torch::zeros({500});
    model->set_statistics(data);
    policy = std::make_unique<GaussianPolicy>(3, 2, PolicyConfig{{8}, 0.5}, random);
    starts = random.normal({5, 3});
    options.horizon = 6;
    options.discount = 0.9;
  }
  PathwiseGradient found(const Tensor& parameters) {
    return pathwise_gradient(task, *model, *policy, parameters, starts, options,
                             RandomStream(3, "noise"));
  }
  PathwiseGradient found() { return found(policy->parameters()); }

  LineTask task{0};
  std::unique_ptr<DynamicsModel> model;
  std::unique_ptr<GaussianPolicy> policy;
  Tensor starts;
  PathwiseOptions options;
};

TEST_F(PathwiseTest, IsTheDerivativeOfTheReturn) {
  for (const Mode mode : {Mode::exploit, Mode::explore}) {
    options.mode = mode;
    const auto here = found();
    const Tensor parameters = policy->parameters();
    RandomStream random(4, "directions");
    for (int i = 0; i < 8; ++i) {
      const Tensor direction = random.normal(parameters.sizes());
      constexpr double step = 2e-3;  // in floats
      const double slope = (found(parameters + step * direction).value -
                            found(parameters - step * direction).value) /
                           (2 * step);
      const double expected = (here.gradient * direction).sum().item<double>();
      EXPECT_NEAR(slope, expected, 2e-3 * (1 + std::abs(expected)));
    }
    const Tensor of_std = here.gradient.slice(0, -2);
    EXPECT_EQ(of_std.abs().max().item<double>() > 0, mode == Mode::explore);
  }
}

TEST_F(PathwiseTest, IsThatOfTheReturnOfRolloutsInEachMember) {
  ImagineOptions imagined;
  imagined.horizon = options.horizon;
  imagined.mode = Mode::exploit;
  const auto rollouts =
      imagine(task, *model, *policy, policy->parameters().expand({2, -1}),
              starts.unsqueeze(0).repeat({2, 1, 1}), starts, imagined, RandomStream(1, "unused"));
  const auto weight = torch::pow(0.9, torch::arange(6));
  EXPECT_NEAR(found().value, (rollouts.reward * weight).sum(2).mean().item<double>(), 1e-4);
}

TEST_F(PathwiseTest, ComputingActivationsAgainChangesNothing) {
  const auto at_once = found();
  options.memory = 1e-9;  // a step at a time
  const auto stepwise = found();
  EXPECT_NEAR(stepwise.value, at_once.value, 1e-5);
  EXPECT_TRUE(torch::allclose(stepwise.gradient, at_once.gradient, 1e-4, 1e-6));
}

TEST_F(PathwiseTest, ATruncatedGradientIsThatOfPiecesFromWhereTheyBegin) {
  options.truncation = 1;
  const auto cut = found();
  EXPECT_NEAR(cut.value, found().value, 1e-6);
  // A step at a time, from the states that the whole walk comes to.
  Tensor sum = torch::zeros_like(cut.gradient), states = starts.unsqueeze(0).repeat({2, 1, 1});
  for (int64_t t = 0; t < options.horizon; ++t) {
    const Tensor parameters = policy->parameters().clone().requires_grad_();
    const Tensor action = policy->distribution(parameters, states.flatten(0, 1)).mean;
    const Tensor next = model->predict(states, action.view({2, 5, 2})).observation;
    const Tensor reward = task.reward(states.flatten(0, 1), action, next.flatten(0, 1));
    sum += torch::autograd::grad({std::pow(0.9, t) * reward.mean()}, {parameters})[0];
    states = next.detach();
  }
  EXPECT_TRUE(torch::allclose(cut.gradient, sum, 1e-4, 1e-6));
  options.truncation = 0;
  EXPECT_FALSE(torch::allclose(found().gradient, sum, 1e-2, 1e-4));
}

TEST_F(PathwiseTest, RewardsAfterAnEndDoNotCount) {
  const LineTask ending(1e-6);  // over at once
  const auto once = pathwise_gradient(ending, *model, *policy, policy->parameters(), starts,
                                      options, RandomStream());
  options.horizon = 1;
  EXPECT_NEAR(once.value, found().value, 1e-6);
  EXPECT_TRUE(torch::allclose(once.gradient, found().gradient, 1e-5, 1e-7));
  EXPECT_EQ(once.episode_length, 1);
}

TEST_F(PathwiseTest, TheSameBitsForAnyNumberOfThreads) {
  starts = RandomStream(5, "starts").normal({150, 3});
  for (const double memory : {1.0, 3e-5}) {  // the second holds two steps or so
    options.memory = memory;
    std::vector<Tensor> results;
    for (const int threads : {1, 2, 3}) {
      set_worker_count(threads);
      results.push_back(found().gradient);
    }
    set_worker_count(2);
    EXPECT_TRUE(torch::equal(results[0], results[1]));
    EXPECT_TRUE(torch::equal(results[0], results[2]));
  }
}

}  // namespace
}  // namespace reverie
