// The imagination by torch: against the CPU kernels' trajectories where nothing is random, by its
// properties elsewhere.
#include <reverie/core/captured_work.h>
#include <reverie/core/error.h>
#include <reverie/core/test_operators.h>
#include <reverie/data/test_counted.h>
#include <reverie/imagination/dream_layers_torch.h>
#include <reverie/imagination/imagine.h>
#include <reverie/imagination/test_line_task.h>
#include <reverie/nn/kernels/test_torch_path.h>
#include <reverie/policies/gaussian_policy.h>

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

TEST_P(ImagineTorch, MeansOfAnyHeadAndTargetToo) {
  options.mode = Mode::exploit;
  for (const auto head : {Head::deterministic, Head::gaussian, Head::mixture})
    for (const auto target : {StateTarget::difference, StateTarget::next_state})
      for (const auto members : {Members::fixed, Members::mean})
        for (const bool other : {false, true}) {
          model_config.head = head;
          model_config.target = target;
          model_config.learn_reward = other;
          model_config.normalise_targets = !other;
          options.members = members;
          build(1.0);
          expect_the_same(task);
        }
}

TEST_P(ImagineTorch, ElitesAloneAreDrawnAndHaveASay) {
  for (const auto head : {Head::deterministic, Head::gaussian, Head::mixture}) {
    model_config.head = head;
    model_config.members = 4;
    model_config.elites = 2;
    build(1.0);
    model->choose_elites({2, 1, 3, 0});
    options.mode = Mode::exploit;
    for (const auto members : {Members::mean, Members::median, Members::fixed}) {
      options.members = members;
      expect_the_same(task);
    }
    options.horizon = 3;
    starts = torch::zeros({4, 100, 3});
    for (const auto members : {Members::step, Members::episode}) {
      options.members = members;
      const auto rollouts = by_torch(task);
      const auto all = model
                           ->predict(rollouts.observation.cpu().view({-1, 3}),
                                     rollouts.action.cpu().view({-1, 2}))
                           .observation;
      const auto next = rollouts.next_observation.cpu().view({-1, 3});
      const auto is_of = [&](int64_t k) { return (all[k] - next).abs().amax(1) < 1e-3; };
      EXPECT_TRUE((is_of(1) | is_of(3)).all().item<bool>());
      EXPECT_NEAR(is_of(3).to(torch::kFloat64).mean().item<double>(), 0.5, 0.1);
    }
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
  options.members = Members::step;
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

TEST_P(ImagineTorch, HeadsAddTheNoiseTheyPredict) {
  for (const auto& [head, kind] : {std::pair{Head::gaussian, Members::fixed},
                                   {Head::gaussian, Members::step},
                                   {Head::mixture, Members::fixed},
                                   {Head::mixture, Members::step}}) {
    model_config.head = head;
    build(1e-12);
    model->variance_bounds()[1].select(0, -1).fill_(-2);  // so that the members differ
    options.members = kind;
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
      const auto expected = kind == Members::fixed ? std[i * 2 / 4] : mixed;
      EXPECT_TRUE(torch::allclose(next.std(0), expected, 0.1));
    }
  }
}

TEST_P(ImagineTorch, TheSameStreamGivesTheSameBits) {
  model_config.head = Head::gaussian;
  options.members = Members::step;
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

// Within what is said of it: a hundred thousandth of mean / spread. A float's rounding is a
// hundredth of that, and what comes of it within an imagination some tens of such.
TEST_P(ImagineTorch, DataFarFromZeroAreExactWithinTheirLimit) {
  for (const auto& [far, gaussian] :
       {std::pair{3e1f, false}, {3e2f, false}, {3e2f, true}, {3e3f, false}, {3e4f, false}}) {
    model_config.head = gaussian ? Head::gaussian : Head::deterministic;
    build(1e-12);
    if (gaussian) model->variance_bounds().fill_(-80);
    RandomStream random(2, "far");
    Transitions data;
    const auto where = torch::tensor({far, -20.0f, 0.0f});
    data.observation = random.normal({500, 3}) + where;
    data.action = random.normal({500, 2});
    data.next_observation = data.observation + 0.3 * random.normal({500, 3});
    data.reward = random.normal({500});
    model->set_statistics(data);
    starts = random.normal({4, 5, 3}) + where;
    const auto expected = by_kernels(task), found = by_torch(task);
    const auto apart = (found.next_observation.cpu() - expected.next_observation).abs();
    EXPECT_LT(apart.max().item<double>(), 1e-5 * far) << far;
  }
}

/// Every kind of imagination there is: heads, members, rewards, ends of episodes.
template <class F>
void for_each_kind(ImagineTorch& test, const F& f) {
  for (const auto head : {Head::deterministic, Head::gaussian, Head::mixture})
    for (const auto which : {Members::fixed, Members::step, Members::median})
      for (const int64_t members : {2, 3})
        for (const bool learn_reward : {false, true})
          for (const int64_t limit : {0, 7})
            for (const double end : {0.0, 0.9}) {
              test.model_config.head = head;
              test.model_config.members = members;
              test.model_config.learn_reward = learn_reward;
              test.options.members = which;
              test.options.episode_limit = limit;
              test.build(1.0);
              f(LineTask(end, 0.1));
            }
}

TEST_P(ImagineTorch, StepsOverFixedMemoryAreTheSame) {
  options.horizon = 37;  // some graphs' worth, and steps beyond
  for_each_kind(*this, [&](const LineTask& which) {
    const auto expected = by_torch(which);
    cuda_graphs::use(device().is_cuda() && cuda_graphs::built());
    const cuda_graphs::Emulate emulate;
    const auto found = by_torch(which);
    cuda_graphs::use(false);
    EXPECT_TRUE(torch::equal(found.observation, expected.observation));
    EXPECT_TRUE(torch::equal(found.action, expected.action));
    EXPECT_TRUE(torch::equal(found.next_observation, expected.next_observation));
    EXPECT_TRUE(torch::equal(found.reward, expected.reward));
    EXPECT_TRUE(torch::equal(found.time, expected.time));
    EXPECT_TRUE(torch::equal(found.terminated, expected.terminated));
    EXPECT_TRUE(torch::equal(found.truncated, expected.truncated));
  });
}

TEST_P(ImagineTorch, AStepAsksForFewOperationsAndNoneWaits) {
  const auto asked = [&](const LineTask& which, int64_t horizon) {
    options.horizon = horizon;
    by_torch(which);  // what is made once is made
    const testing::OperatorLog log;
    by_torch(which);
    return std::array{log.count(), log.count("aten::_local_scalar_dense"),
                      log.count("aten::nonzero"), log.count("aten::_to_copy")};
  };
  const auto of_a_step = [&](const LineTask& which) {
    const auto few = asked(which, 12), many = asked(which, 22);
    for (size_t i = 1; i < few.size(); ++i) EXPECT_EQ(many[i], few[i]) << "a step waits, or copies";
    return static_cast<double>(many[0] - few[0]) / 10;
  };
  build(1.0);
  const double plain = of_a_step(LineTask(0)), ending = of_a_step(LineTask(0.9));
  options.members = Members::step;
  const double mixed = of_a_step(LineTask(0));
  model_config.head = Head::gaussian;
  build(1.0);
  const double gaussian = of_a_step(LineTask(0));
  RecordProperty("operations_of_a_step",
                 fmt::format("{} {} {} {}", plain, ending, mixed, gaussian));
  EXPECT_LE(plain, 15);  // 13: six products, four activations, two bounds and a copy
  EXPECT_LE(ending, 20);
  EXPECT_LE(mixed, 19);
  EXPECT_LE(gaussian, 32);
}

TEST_P(ImagineTorch, SeatsGiveEachMemberItsRows) {
  RandomStream random(3, "seats");
  const auto member = random.below(3, {4, 50}, device());
  const auto seats = seats_for(member, 3);
  const int64_t capacity = seats.row.size(1) / 3;
  for (int64_t step = 0; step < 4; ++step) {
    const auto seat = seats.seat[step];
    // Each row sits with its member, and finds itself there.
    EXPECT_TRUE(torch::equal(torch::floor_divide(seat, capacity), member[step]));
    EXPECT_TRUE(torch::equal(seats.row[step].index_select(0, seat).cpu(), torch::arange(50)));
  }
  EXPECT_EQ(std::get<0>(at::_unique(seats.row)).size(0), 50);
}

REVERIE_ON_EACH_DEVICE(ImagineTorch);

}  // namespace
}  // namespace reverie
