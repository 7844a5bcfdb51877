// The imagination by torch: against the CPU kernels' trajectories where nothing is random, by its
// properties elsewhere.
#include <reverie/core/error.h>
#include <reverie/data/test_counted.h>
#include <reverie/imagination/imagine.h>
#include <reverie/imagination/test_line_task.h>
#include <reverie/nn/kernels/test_torch_path.h>

namespace reverie {
namespace {

using testing::difference;
using testing::LineTask;

struct ImagineTorch : testing::TorchPath {
  ImagineTorch() {
    model_config.members = 2;
    model_config.hidden = {16, 16};
    options.horizon = 12;
  }

  void build(double policy_std) {
    RandomStream random(1, "imagine-torch");
    model = std::make_unique<DynamicsModel>(task.spec(), model_config, random);
    Transitions data;  // gives the normalisers something to do
    data.observation = random.normal({500, 3}) * 2 + 1;
    data.action = random.normal({500, 2});
    data.next_observation = data.observation + 0.3 * random.normal({500, 3});
    data.reward = random.normal({500});
    model->set_statistics(data);
    const PolicyConfig policy_config{{8}, policy_std, 1e-12};
    policy = std::make_unique<GaussianPolicy>(3, 2, policy_config, random);
    auto noise = 0.2 * random.normal({4, policy->parameter_count()});
    noise.slice(1, -2).zero_();
    parameters = policy->parameters() + noise;
    starts = random.normal({4, 5, 3});
    resets = torch::tensor({0.5f, -0.2f, 0.1f}).expand({7, 3});
  }
  Rollouts by_kernels(const Task& which) {
    return imagine(which, *model, *policy, parameters, starts, resets, options,
                   RandomStream(9, "r"));
  }
  Rollouts by_torch(const Task& which) {
    DynamicsModel there = *model;
    there.to(device());
    return TorchPath::by_torch([&] {
      return imagine(which, there, *policy, parameters.to(device()), starts, resets, options,
                     RandomStream(9, "r"));
    });
  }
  void expect_the_same(const Task& which) {
    const auto expected = by_kernels(which), found = by_torch(which);
    EXPECT_EQ(found.observation.device(), device());
    EXPECT_LT(difference(found.observation, expected.observation), 1e-3);
    EXPECT_LT(difference(found.action, expected.action), 1e-3);
    EXPECT_LT(difference(found.next_observation, expected.next_observation), 1e-3);
    EXPECT_LT(difference(found.reward, expected.reward), 1e-3);
    EXPECT_TRUE(torch::equal(found.time.cpu(), expected.time));
    EXPECT_TRUE(torch::equal(found.terminated.cpu(), expected.terminated));
    EXPECT_TRUE(torch::equal(found.truncated.cpu(), expected.truncated));
  }

  LineTask task{0, 0.1};
  ModelConfig model_config;
  ImagineOptions options;
  std::unique_ptr<DynamicsModel> model;
  std::unique_ptr<GaussianPolicy> policy;
  Tensor parameters, starts, resets;
};

TEST_P(ImagineTorch, WithoutNoiseItIsTheKernelsTrajectories) {
  for (const int64_t members : {1, 2, 3})  // three do not divide four tasks
    for (const auto activation : {Activation::relu, Activation::tanh, Activation::swish})
      for (const bool other : {false, true}) {
        model_config.members = members;
        model_config.activation = activation;
        model_config.weight_normalisation = other;
        model_config.clip_action = !other;
        model_config.learn_reward = other;
        model_config.clip_margin = other ? -1 : 0.1;
        build(1e-12);
        options.episode_limit = 0;
        expect_the_same(task);
        options.episode_limit = 5;
        expect_the_same(task);
        expect_the_same(LineTask(0.9, 0.1));
      }
}

TEST_P(ImagineTorch, AGaussianHeadWithoutSpreadToo) {
  model_config.head = Head::gaussian;
  for (const bool learn_reward : {false, true}) {
    model_config.learn_reward = learn_reward;
    build(1e-12);
    model->variance_bounds().select(1, 0).fill_(-81);
    model->variance_bounds().select(1, 1).fill_(-80);
    expect_the_same(task);
  }
}

TEST_P(ImagineTorch, StatesStayWithinTheDatasRange) {
  model_config.clip_margin = 0;
  build(1.0);
  parameters.slice(1, -2).fill_(3);  // wild actions
  starts.fill_(4);
  const auto rollouts = by_torch(task);
  const auto next = rollouts.next_observation.cpu().view({-1, 3});
  EXPECT_TRUE((next >= model->lowest_state()).all().item<bool>());
  EXPECT_TRUE((next <= model->highest_state()).all().item<bool>());
}

TEST_P(ImagineTorch, ActionsFollowEachTasksOwnPolicy) {
  build(0.7);
  starts = torch::zeros({4, 2000, 3});
  options.horizon = 2;
  const auto rollouts = by_torch(task);
  const auto action = rollouts.action.cpu().select(2, 0);  // [4, 2000, 2]
  const auto expected = policy->distribution(parameters, torch::zeros({4, 1, 3}));
  const auto std = expected.log_std.exp().view({4, 2});
  const auto bound = 5 * std / std::sqrt(2000.0);
  EXPECT_TRUE(((action.mean(1) - expected.mean.squeeze(1)).abs() < bound).all().item<bool>());
  EXPECT_TRUE(torch::allclose(action.std(1), std, 0.1));
  // Noise of one step says nothing of the next, nor of another task's.
  const auto noise = action - expected.mean;
  const auto later = rollouts.action.cpu().select(2, 1);
  EXPECT_LT((noise[0] * (later[0] - later[0].mean(0))).mean().abs().item<double>(), 0.1);
  EXPECT_LT((noise[0] * noise[1]).mean().abs().item<double>(), 0.05);
}

TEST_P(ImagineTorch, EpisodesEndAndGoOnFromTheResetStates) {
  build(1.0);
  resets = 100 + torch::arange(21).to(torch::kFloat32).view({7, 3});
  const LineTask ending(1.5, 0.1);
  options.episode_limit = 5;
  auto rollouts = by_torch(ending);
  EXPECT_GT(rollouts.terminated.sum().item<int64_t>(), 0);
  EXPECT_FALSE((rollouts.terminated & rollouts.truncated).any().item<bool>());
  EXPECT_TRUE(
      torch::equal(rollouts.terminated, rollouts.next_observation.select(3, 0).abs() > 1.5));
  const auto ended = (rollouts.terminated | rollouts.truncated).slice(2, 0, -1);
  const auto first = rollouts.observation.select(3, 0).slice(2, 1);
  EXPECT_TRUE(torch::equal(ended, first > 50));
  EXPECT_GT(std::get<0>(at::_unique(first.masked_select(ended))).size(0), 4);  // of seven
  EXPECT_TRUE((rollouts.time.slice(2, 1).masked_select(ended) == 0).all().item<bool>());
  EXPECT_LT(rollouts.time.max().item<double>(), 5);
  EXPECT_TRUE((rollouts.terminated | rollouts.truncated).select(2, 11).all().item<bool>());
}

TEST_P(ImagineTorch, StepsCountButThoseOfLaterEpisodesThatTheHorizonCuts) {
  build(1.0);
  resets = RandomStream(3, "resets").normal({7, 3});
  options.episode_limit = 5;
  const auto rollouts = by_torch(LineTask(1.2, 0.1));
  EXPECT_GT(rollouts.terminated.sum().item<int64_t>(), 0);
  ASSERT_TRUE(rollouts.counted.defined());
  EXPECT_EQ(rollouts.counted.device(), device());
  EXPECT_TRUE(torch::equal(rollouts.counted.cpu(), testing::counted_by_hand(rollouts, 5)));
}

TEST_P(ImagineTorch, RandomMembersAreDrawnEvenly) {
  model_config.members = 3;
  build(1.0);
  options.propagation = Propagation::random_member;
  options.horizon = 3;
  starts = torch::zeros({4, 300, 3});
  const auto rollouts = by_torch(task);
  const auto predicted =
      model->predict(rollouts.observation.cpu().view({-1, 3}), rollouts.action.cpu().view({-1, 2}))
          .observation;
  const auto next = rollouts.next_observation.cpu().view({-1, 3});
  const auto distance = (predicted - next.unsqueeze(0)).abs().amax(2);
  EXPECT_LT(distance.amin(0).max().item<double>(), 1e-3);  // each is one member's own prediction
  const auto member = distance.argmin(0);
  for (int64_t k = 0; k < 3; ++k)
    EXPECT_NEAR(member.eq(k).to(torch::kFloat64).mean().item<double>(), 1 / 3.0, 0.05);
  const auto by_step = member.view({4 * 300, 3});  // and a new one at each step
  const auto kept = by_step.select(1, 0).eq(by_step.select(1, 1)).to(torch::kFloat64).mean();
  EXPECT_NEAR(kept.item<double>(), 1 / 3.0, 0.07);
}

TEST_P(ImagineTorch, AGaussianHeadAddsTheNoiseItPredicts) {
  model_config.head = Head::gaussian;
  for (const auto kind : {Propagation::fixed_member, Propagation::random_member}) {
    build(1e-12);
    model->variance_bounds()[1].select(0, 1).fill_(-2);  // so that the members differ
    options.propagation = kind;
    options.horizon = 1;
    starts = torch::zeros({4, 3000, 3});
    const auto rollouts = by_torch(task);
    for (const int64_t i : {0, 3}) {
      const auto next = rollouts.next_observation[i].squeeze(1).cpu();
      const auto x = model->inputs(torch::zeros({1, 3}), rollouts.action[i][0].cpu());
      const auto raw = model->ensemble().forward(x.unsqueeze(0).expand({2, -1, -1}));
      const auto said = model->head(raw, model->variance_bounds().unsqueeze(1));
      const auto scale = model->target_normaliser().std();
      const auto mean = (said.mean * scale).squeeze(1);                           // [2, 3]
      const auto std = (torch::exp(0.5 * said.log_variance) * scale).squeeze(1);  // [2, 3]
      const auto mixed = (std.square().mean(0) + mean.var(0, /*unbiased=*/false)).sqrt();
      const auto expected = kind == Propagation::fixed_member ? std[i * 2 / 4] : mixed;
      EXPECT_TRUE(torch::allclose(next.std(0), expected, 0.1));
    }
  }
}

TEST_P(ImagineTorch, TheSameStreamGivesTheSameBits) {
  model_config.head = Head::gaussian;
  options.propagation = Propagation::random_member;
  build(1.0);
  EXPECT_TRUE(torch::equal(by_torch(task).next_observation, by_torch(task).next_observation));
}

TEST_P(ImagineTorch, StatesThatAreNotFiniteAreRefused) {
  build(1.0);
  starts[2][3][1] = std::nan("");
  try {
    by_torch(task);
    FAIL();
  } catch (const NonFiniteError& error) {
    EXPECT_NE(std::string(error.what()).find("task 2"), std::string::npos) << error.what();
  }
}

REVERIE_ON_EACH_DEVICE(ImagineTorch);

}  // namespace
}  // namespace reverie
