#include <reverie/core/error.h>
#include <reverie/core/workers.h>
#include <reverie/data/test_counted.h>
#include <reverie/imagination/imagine.h>
#include <reverie/imagination/test_line_task.h>
#include <reverie/policies/gaussian_policy.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

using testing::LineTask;

struct ImagineTest : ::testing::Test {
  ImagineTest() { options.horizon = 12; }

  void build(Head head = Head::deterministic, ModelConfig config = {}, int64_t members = 2) {
    config.members = members;
    config.hidden = {16, 16};
    config.head = head;
    RandomStream random(1, "imagine-test");
    model = std::make_unique<DynamicsModel>(task.spec(), config, random);
    Transitions data;  // gives the normalisers something to do
    data.observation = random.normal({500, 3}) * 2 + 1;
    data.action = random.normal({500, 2});
    data.next_observation = data.observation + 0.3 * random.normal({500, 3});
    data.reward = torch::zeros({500});
    model->set_statistics(data);
    PolicyConfig policy_config;
    policy = std::make_unique<GaussianPolicy>(3, 2, policy_config, random);
    parameters = policy->parameters() + 0.2 * random.normal({4, policy->parameters().size(0)});
    starts = random.normal({4, 5, 3});
    resets = random.normal({7, 3}) + 100;  // told apart from anything imagined
  }
  Rollouts run(const Task& which) {
    return imagine(which, *model, *policy, parameters, starts, resets, options,
                   RandomStream(9, "r"));
  }

  LineTask task{1e9};
  ImagineOptions options;
  std::unique_ptr<DynamicsModel> model;
  std::unique_ptr<GaussianPolicy> policy;
  Tensor parameters, starts, resets;
};

TEST_F(ImagineTest, EveryStepIsThePredictionOfTheTasksMember) {
  build();
  const auto rollouts = run(task);
  EXPECT_TRUE(torch::equal(rollouts.observation.select(2, 0), starts));
  EXPECT_TRUE(
      torch::equal(rollouts.observation.slice(2, 1), rollouts.next_observation.slice(2, 0, -1)));
  for (int64_t i = 0; i < 4; ++i) {
    const auto observation = rollouts.observation[i].flatten(0, 1);
    const auto action = rollouts.action[i].flatten(0, 1);
    const auto predicted = model->predict(observation, action).observation[i * 2 / 4];
    EXPECT_TRUE(torch::allclose(rollouts.next_observation[i].flatten(0, 1), predicted, 1e-4, 1e-4));
    EXPECT_TRUE(torch::allclose(rollouts.reward[i].flatten(),
                                task.reward(observation, action, predicted), 1e-4, 1e-3));
  }
  EXPECT_EQ(rollouts.truncated.sum().item<int64_t>(), 4 * 5);  // the last step of each row
  EXPECT_TRUE(rollouts.truncated.select(2, 11).all().item<bool>());
  EXPECT_TRUE(torch::equal(rollouts.time[3][4], torch::arange(12, torch::kFloat32)));
}

TEST_F(ImagineTest, RowsOfAMemberMayBeSplitAnywhere) {
  build();
  // 37 rows a task: groups end within tasks.
  starts = 0.1 * RandomStream(5, "starts").normal({4, 37, 3});
  options.horizon = 2;
  const auto rollouts = run(task);
  for (int64_t i = 0; i < 4; ++i) {
    const auto observation = rollouts.observation[i].flatten(0, 1);
    const auto action = rollouts.action[i].flatten(0, 1);
    const auto predicted = model->predict(observation, action).observation[i * 2 / 4];
    EXPECT_TRUE(torch::allclose(rollouts.next_observation[i].flatten(0, 1), predicted, 1e-4, 1e-4));
  }
  EXPECT_TRUE(torch::equal(rollouts.observation.select(2, 0), starts));
}

TEST_F(ImagineTest, ActionsFollowEachTasksOwnPolicy) {
  build();
  starts = torch::zeros({4, 2000, 3});
  options.horizon = 1;
  const auto rollouts = run(task);
  const auto action = rollouts.action.select(2, 0);  // [4, 2000, 2]
  const auto expected = policy->distribution(parameters, torch::zeros({4, 1, 3}));
  const auto std = expected.log_std.exp().view({4, 2});
  const auto bound = 5 * std / std::sqrt(2000.0);
  EXPECT_TRUE(((action.mean(1) - expected.mean.squeeze(1)).abs() < bound).all().item<bool>());
  EXPECT_TRUE(torch::allclose(action.std(1), std, 0.1));
}

TEST_F(ImagineTest, EpisodesEndAndGoOnFromTheResetStates) {
  build();
  const LineTask ending(1.5);
  options.episode_limit = 5;
  const auto rollouts = run(ending);
  EXPECT_GT(rollouts.terminated.sum().item<int64_t>(), 0);
  EXPECT_FALSE((rollouts.terminated & rollouts.truncated).any().item<bool>());
  const auto beyond = rollouts.next_observation.select(3, 0).abs() > 1.5;
  EXPECT_TRUE(torch::equal(rollouts.terminated, beyond));
  const auto ended = (rollouts.terminated | rollouts.truncated).slice(2, 0, -1);
  const auto fresh = rollouts.observation.select(3, 0).slice(2, 1) > 50;
  EXPECT_TRUE(torch::equal(ended, fresh));
  EXPECT_TRUE((rollouts.time.slice(2, 1).masked_select(ended) == 0).all().item<bool>());
  EXPECT_LT(rollouts.time.max().item<double>(), 5);
}

TEST_F(ImagineTest, StepsCountButThoseOfLaterEpisodesThatTheHorizonCuts) {
  build();
  const LineTask ending(1.2);
  resets = RandomStream(3, "resets").normal({7, 3});
  options.episode_limit = 5;
  const auto rollouts = run(ending);
  EXPECT_GT(rollouts.terminated.sum().item<int64_t>(), 0);
  ASSERT_TRUE(rollouts.counted.defined());
  EXPECT_TRUE(torch::equal(rollouts.counted, testing::counted_by_hand(rollouts, 5)));
  // Episodes of 4 fill rows of 12: none is cut.
  const LineTask endless(0);
  options.episode_limit = 4;
  EXPECT_FALSE(run(endless).counted.defined());
  // The horizon cuts the first episode of every row: it counts, and so does all.
  options.episode_limit = 1000;
  EXPECT_FALSE(run(endless).counted.defined());
}

TEST_F(ImagineTest, TheSameBitsForAnyNumberOfThreads) {
  for (const auto& [head, members] : {std::pair{Head::gaussian, Members::fixed},
                                      {Head::gaussian, Members::step},
                                      {Head::mixture, Members::step}}) {
    build(head);
    options.members = members;
    options.horizon = 3;
    starts = 0.1 * RandomStream(5, "starts").normal({4, 300, 3});  // several groups a member
    std::vector<Rollouts> results;
    for (const int threads : {1, 2, 3}) {
      set_worker_count(threads);
      results.push_back(run(task));
    }
    set_worker_count(2);
    EXPECT_TRUE(torch::equal(results[0].next_observation, results[1].next_observation));
    EXPECT_TRUE(torch::equal(results[0].next_observation, results[2].next_observation));
  }
}

TEST_F(ImagineTest, RandomMembersAreDrawnEvenly) {
  build();
  options.members = Members::step;
  options.horizon = 1;
  starts = torch::zeros({4, 500, 3});
  const auto rollouts = run(task);
  const auto predicted =
      model->predict(rollouts.observation.view({-1, 3}), rollouts.action.view({-1, 2})).observation;
  const auto next = rollouts.next_observation.view({-1, 3});
  const auto distance = (predicted - next.unsqueeze(0)).abs().amax(2);
  EXPECT_LT(distance.amin(0).max().item<double>(), 1e-3);  // each is one member's own prediction
  EXPECT_NEAR(distance.argmin(0).to(torch::kFloat64).mean().item<double>(), 0.5, 0.06);
}

TEST_F(ImagineTest, ElitesAloneAreDrawnAndHaveASay) {
  ModelConfig config;
  config.elites = 2;
  build(Head::deterministic, config, /*members=*/4);
  model->choose_elites({2, 1, 3, 0});
  options.horizon = 3;
  starts = torch::zeros({4, 100, 3});
  for (const auto members :
       {Members::step, Members::episode, Members::mean, Members::median, Members::fixed}) {
    options.members = members;
    const auto rollouts = run(task);
    const auto all =
        model->predict(rollouts.observation.view({-1, 3}), rollouts.action.view({-1, 2}))
            .observation;
    const auto next = rollouts.next_observation.view({-1, 3});
    const auto is_of = [&](const Tensor& prediction) {
      return (prediction - next).abs().amax(1) < 1e-3;
    };
    const Tensor mean = (all[1] + all[3]) / 2, lower = torch::minimum(all[1], all[3]);
    if (members == Members::mean) {
      EXPECT_TRUE(is_of(mean).all().item<bool>());
    } else if (members == Members::median) {
      EXPECT_TRUE(is_of(lower).all().item<bool>());
    } else if (members == Members::fixed) {
      for (int64_t k = 0; k < 4; ++k)
        EXPECT_TRUE(is_of(all[k]).view({4, -1})[k].all().item<bool>()) << "each has its task";
    } else {
      EXPECT_TRUE((is_of(all[1]) | is_of(all[3])).all().item<bool>());
      EXPECT_NEAR(is_of(all[3]).to(torch::kFloat64).mean().item<double>(), 0.5, 0.1);
    }
  }
}

TEST_F(ImagineTest, AMemberMayBeDrawnForAnEpisode) {
  build();
  options.members = Members::episode;
  options.episode_limit = 4;
  starts = torch::zeros({4, 200, 3});
  resets = torch::zeros({7, 3});
  const auto rollouts = run(task);
  const auto predicted =
      model->predict(rollouts.observation.view({-1, 3}), rollouts.action.view({-1, 2})).observation;
  const auto next = rollouts.next_observation.view({-1, 3});
  const auto distance = (predicted - next.unsqueeze(0)).abs().amax(2);
  EXPECT_LT(distance.amin(0).max().item<double>(), 1e-3);
  const auto member = distance.argmin(0).view({800, 3, 4});  // three episodes of four steps
  EXPECT_TRUE((member == member.narrow(2, 0, 1)).all().item<bool>());
  EXPECT_NEAR(member.to(torch::kFloat64).mean().item<double>(), 0.5, 0.06);
  EXPECT_GT((member.select(1, 0) != member.select(1, 1)).sum().item<int64_t>(), 200);
}

TEST_F(ImagineTest, AllMembersMayHaveASay) {
  build(Head::deterministic, {}, /*members=*/3);
  for (const auto members : {Members::mean, Members::median}) {
    options.members = members;
    const auto rollouts = run(task);
    const auto all =
        model->predict(rollouts.observation.view({-1, 3}), rollouts.action.view({-1, 2}))
            .observation;
    const auto expected = members == Members::mean ? all.mean(0) : std::get<0>(all.median(0));
    EXPECT_TRUE(torch::allclose(rollouts.next_observation.view({-1, 3}), expected, 1e-4, 1e-4));
  }
}

TEST_F(ImagineTest, MeanActionsHaveNoNoise) {
  build();
  options.mode = Mode::exploit;
  const auto rollouts = run(task);
  for (int64_t i = 0; i < 4; ++i)
    EXPECT_TRUE(torch::allclose(
        rollouts.action[i].flatten(0, 1),
        policy->distribution(parameters[i], rollouts.observation[i].flatten(0, 1)).mean, 1e-5,
        1e-6));
}

TEST_F(ImagineTest, HeadsAddTheNoiseTheyPredict) {
  for (const Head head : {Head::gaussian, Head::mixture}) {
    build(head);
    options.horizon = 1;
    starts = torch::zeros({4, 4000, 3});
    parameters.slice(1, -2).fill_(-20);  // a policy without noise: all rows see the same input
    policy = std::make_unique<GaussianPolicy>(3, 2, PolicyConfig{{32, 32}, 1.0, 1e-12},
                                              *std::make_unique<RandomStream>(1, "p"));
    const auto rollouts = run(task);
    const auto next = rollouts.next_observation[0].squeeze(1);
    const auto x = model->inputs(torch::zeros({1, 3}), rollouts.action[0][0]);
    const auto raw = model->ensemble().forward(x.unsqueeze(0).expand({2, -1, -1}))[0];
    const auto prediction = model->head(raw, model->variance_bounds()[0]);
    const auto std =
        torch::exp(0.5 * prediction.log_variance)[0] * model->target_normaliser().std();
    EXPECT_TRUE(torch::allclose(next.std(0), std, 0.08));
    const auto mean = model->target_normaliser().denormalise(prediction.mean[0]);
    EXPECT_TRUE(torch::allclose(next.mean(0), mean, 0, 0.05));
  }
}

TEST_F(ImagineTest, StatesThatAreNotFiniteAreRefused) {
  build();
  starts[2][3][1] = std::nan("");
  try {
    run(task);
    FAIL() << "no error";
  } catch (const NonFiniteError& error) {
    EXPECT_NE(std::string(error.what()).find("task 2"), std::string::npos) << error.what();
  }
}

TEST_F(ImagineTest, InfinitePredictionsAreRefused) {
  ModelConfig config;
  config.clip_margin = -1;
  config.learn_reward = true;
  options.horizon = 1;  // no later step can make a NaN of it
  // Adam along a constant gradient takes the bias of the state's last dimension, or the reward's,
  // to minus infinity.
  for (const int64_t from_the_end : {2, 1}) {
    build(Head::deterministic, config);
    auto& ensemble = model->ensemble();
    EXPECT_NO_THROW(run(task));
    auto gradient = torch::zeros({ensemble.shape().effective_count()});
    gradient[-from_the_end] = 1;
    for (int i = 0; i < 50; ++i) ensemble.step(1, gradient.data_ptr<float>(), 1e37);
    EXPECT_THROW(run(task), NonFiniteError) << from_the_end;
  }
}

}  // namespace
}  // namespace reverie
