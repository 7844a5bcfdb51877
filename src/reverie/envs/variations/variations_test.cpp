// Variations against what their settings say; that they keep a task's promises is conformance's.
#include <reverie/envs/variations/variations.h>

#include <reverie/core/error.h>
#include <reverie/core/settings.h>
#include <reverie/envs/mujoco/body.h>
#include <reverie/envs/pool.h>
#include <reverie/envs/suites/registry.h>
#include <reverie/envs/suites/task_fixture.h>

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace reverie {
namespace {

EnvConfig config_of(const std::vector<std::string>& assignments) {
  EnvConfig config;
  Settings settings;
  settings.group("env", config);
  for (const auto& assignment : assignments) settings.assign("env." + assignment, "the test");
  return config;
}

Environment make(const char* task, const EnvConfig& config) {
  return {find_task(task).make_task(config), find_task(task).make_simulation(config)};
}

std::string error_of(const char* task, const std::vector<std::string>& assignments) {
  try {
    make(task, config_of(assignments));
  } catch (const UsageError& error) {
    return error.what();
  }
  return "none";
}

Tensor action_of(const Environment& environment, double value) {
  return torch::full({environment.task().spec().action_size()}, value, torch::kFloat64);
}

TEST(Variations, EachResetDrawsAFactor) {
  Environment environment = make("gym/hopper", config_of({"mass_scale=2", "mass_spread=3"}));
  const double published = mujoco_body("hopper.xml")->body_mass[1];
  RandomStream random(1, "resets");
  double sum = 0, squares = 0, low = 1e9, high = 0;
  constexpr int count = 400;
  for (int i = 0; i < count; ++i) {
    environment.reset(random);
    const double factor = environment.simulation().body()->body_mass[1] / published;
    low = std::min(low, factor);
    high = std::max(high, factor);
    const double power = std::log(factor / 2) / std::log(3);  // even in [-1, 1]
    sum += power;
    squares += power * power;
  }
  EXPECT_GE(low, 2.0 / 3);
  EXPECT_LE(high, 6.0);
  EXPECT_NEAR(sum / count, 0, 4 / std::sqrt(3.0 * count));
  EXPECT_NEAR(squares / count, 1.0 / 3, 0.07);
  EXPECT_EQ(environment.simulation().body()->opt.gravity[2], -9.81) << "not drawn";
}

TEST(Variations, WhatIsDrawnMustBeWhatCouldBeSet) {
  EXPECT_NE(
      error_of("gym/hopper", {"mass_scale=50", "mass_spread=3"}).find("env.mass_scale is 150"),
      std::string::npos);
  EXPECT_NE(error_of("gym/hopper", {"slope=80", "slope_spread=20"}).find("env.slope is"),
            std::string::npos);
}

TEST(Variations, EachResetCripplesOne) {
  std::set<int> disabled;
  Environment environment =
      make("gym/half-cheetah", config_of({"cripple=actuator", "cripple_among=[1,4]"}));
  RandomStream random(1, "resets");
  for (int i = 0; i < 30; ++i) {
    environment.reset(random);
    const mjModel* body = environment.simulation().body();
    int count = 0;
    for (int actuator = 0; actuator < body->nu; ++actuator)
      if (body->actuator_gainprm[mjNGAIN * actuator] == 0) {
        ++count;
        disabled.insert(actuator);
      }
    EXPECT_EQ(count, 1);
  }
  EXPECT_EQ(disabled, (std::set<int>{1, 4}));
}

// learning_to_adapt's ant_env.py: leg 0 is moved by actions 2 and 3, of geoms 3 and 4.
TEST(Variations, ACrippledLegIsThatOfGrbal) {
  const auto published = mujoco_body("ant.xml");
  EnvConfig config;
  config.crippled_leg = 0;
  const auto crippled = mujoco_body("ant.xml", config);
  for (int i = 0; i < published->nu; ++i)
    EXPECT_EQ(crippled->actuator_gainprm[mjNGAIN * i], i == 2 || i == 3 ? 0 : 1) << i;
  for (int i = 0; i < published->ngeom; ++i)
    for (int k = 0; k < 3; ++k) {
      const bool shrunk = i == 3 || i == 4;
      EXPECT_EQ(crippled->geom_size[3 * i + k],
                published->geom_size[3 * i + k] * (shrunk ? 0.5 : 1))
          << i;
    }
  // The shin's geom lies where the thigh's does, each in the frame of its own body.
  const std::unique_ptr<mjData, void (*)(mjData*)> data(mj_makeData(crippled.get()), mj_deleteData);
  mj_kinematics(crippled.get(), data.get());
  const int thigh = crippled->geom_bodyid[3], shin = crippled->geom_bodyid[4];
  for (int k = 0; k < 3; ++k)
    EXPECT_NEAR(data->geom_xpos[3 * 4 + k] - data->xpos[3 * shin + k],
                data->geom_xpos[3 * 3 + k] - data->xpos[3 * thigh + k], 1e-12);
  EXPECT_EQ(limbs(*published).size(), 4u);
  EXPECT_EQ(limbs(*published)[3].actuators, (std::vector<int>{0, 1}));
  EXPECT_EQ(error_of("gym/ant", {"crippled_leg=4"}),
            "env.crippled_leg is 4; ant.xml has legs 0 to 3 (-1: none)");
  EXPECT_EQ(error_of("gym/ant", {"cripple=leg", "cripple_among=[7]"}),
            "env.cripple_among has 7; gym/ant has legs 0 to 3");
}

// A block on a slope of s degrees is pulled back by g sin(s).
TEST(Variations, ASlopePullsBack) {
  EnvConfig config;
  config.slope = 30;
  const auto body = mujoco_body("half_cheetah.xml", config);
  EXPECT_NEAR(body->opt.gravity[0], -9.81 / 2, 1e-12);
  EXPECT_NEAR(body->opt.gravity[2], -9.81 * std::sqrt(3) / 2, 1e-12);
}

TEST(Variations, ActionsRepeatAndRewardsAdd) {
  EnvConfig config;
  config.action_repeat = 3;
  Environment repeated = make("gym/half-cheetah", config), single = make("gym/half-cheetah", {});
  EXPECT_EQ(repeated.task().spec().horizon, 334);
  EXPECT_FALSE(repeated.task().reward_is_told());
  RandomStream one(1, "episode"), other(1, "episode");
  other.bits();  // what the variation draws for itself
  EXPECT_TRUE(repeated.reset(one).equal(single.reset(other)));
  for (int step = 0; step < 5; ++step) {
    const Tensor action = action_of(single, 0.1 * step - 0.2);
    const StepResult all = repeated.step(action);
    double sum = 0;
    StepResult last;
    for (int i = 0; i < 3; ++i) {
      last = single.step(action);
      sum += last.reward.item<double>();
    }
    EXPECT_TRUE(all.next_observation.equal(last.next_observation));
    EXPECT_NEAR(all.reward.item<double>(), sum, 1e-12);
  }
}

TEST(Variations, ARepeatedActionEndsWithItsEpisode) {
  EnvConfig config;
  config.action_repeat = 50;  // a hopper that pushes itself over falls within
  Environment repeated = make("gym/hopper", config), single = make("gym/hopper", {});
  RandomStream one(1, "episode"), other(1, "episode");
  other.bits();
  repeated.reset(one);
  single.reset(other);
  const Tensor action = action_of(single, 1);
  StepResult all, last;
  do {
    all = repeated.step(action);
    double sum = 0;
    for (int i = 0; i < 50; ++i) {
      last = single.step(action);
      sum += last.reward.item<double>();
      if (last.terminated.item<bool>()) break;
    }
    ASSERT_TRUE(all.terminated.equal(last.terminated));
    EXPECT_NEAR(all.reward.item<double>(), sum, 1e-9) << "nothing after the end";
  } while (!last.terminated.item<bool>());
  EXPECT_TRUE(all.next_observation.equal(last.next_observation)) << "where it ended";
  EXPECT_NE(single.time() % 50, 0) << "or the test says nothing";
}

TEST(Variations, NoiseIsEvenAndIndependent) {
  Environment noisy = make("rllib/half-cheetah", config_of({"observation_noise=0.1"}));
  Environment clear = make("rllib/half-cheetah", {});
  RandomStream one(1, "episode"), other(1, "episode");
  other.bits();
  std::vector<Tensor> noise{noisy.reset(one) - clear.reset(other)};
  const Tensor action = action_of(clear, 0.3);
  for (int t = 0; t < 199; ++t) {
    const StepResult seen = noisy.step(action), is = clear.step(action);
    noise.push_back((seen.next_observation - is.next_observation)[0]);
    ASSERT_TRUE(seen.reward.equal(is.reward)) << "of what is true";
  }
  const Tensor all = torch::stack(noise);
  EXPECT_LE(all.abs().max().item<double>(), 0.1 + 1e-12);
  EXPECT_GT(all.abs().max().item<double>(), 0.099);
  EXPECT_NEAR(all.mean().item<double>(), 0, 0.004);
  EXPECT_NEAR(all.std().item<double>(), 0.1 / std::sqrt(3), 0.002);
  const Tensor later = all.slice(0, 1), before = all.slice(0, 0, 199);
  EXPECT_NEAR((later * before).mean().item<double>() * 300, 0, 0.06) << "correlation of steps";
  EXPECT_FALSE(noisy.task().reward_is_exact());
  EXPECT_TRUE(noisy.task().reward_is_told());
}

// mbbl/env/gym_env/noise_gym_cheetah.py: reward of the noisy observation (before the step) and
// action.
TEST(Variations, MbblPaysForTheNoisy) {
  Environment environment =
      make("mbbl/half-cheetah", config_of({"observation_noise=0.1", "noisy_reward=true"}));
  EXPECT_TRUE(environment.task().reward_is_exact());
  RandomStream random(1, "episode");
  Tensor seen = environment.reset(random);
  const Tensor action = action_of(environment, 0.5);
  for (int t = 0; t < 5; ++t) {
    const StepResult result = environment.step(action);
    EXPECT_NEAR(result.reward.item<double>(), seen[8].item<double>() - 0.1 * 6 * 0.25, 1e-12);
    seen = result.next_observation[0];
  }

  Environment shaky =
      make("mbbl/half-cheetah", config_of({"action_noise=0.1", "noisy_reward=true"}));
  EXPECT_FALSE(shaky.task().reward_is_exact());
  const Tensor before = shaky.reset(random);
  const double cost = before[8].item<double>() - shaky.step(action).reward.item<double>();
  EXPECT_NE(cost, 0.1 * 6 * 0.25);
  EXPECT_NEAR(cost, 0.1 * 6 * 0.25, 0.1 * 6 * (0.36 - 0.25));
  EXPECT_NE(error_of("gym/half-cheetah", {"noisy_reward=true", "action_noise=0.1"})
                .find("gym/half-cheetah is not one of observation and action alone"),
            std::string::npos);
}

TEST(Variations, ActionNoiseReachesTheBodyAlone) {
  Environment shaky = make("rllib/half-cheetah", config_of({"action_noise=0.2"}));
  Environment steady = make("rllib/half-cheetah", {});
  RandomStream one(1, "episode"), other(1, "episode");
  other.bits();
  shaky.reset(one);
  steady.reset(other);
  const Tensor action = action_of(steady, 0.3);
  const StepResult result = shaky.step(action);
  EXPECT_FALSE(result.next_observation.equal(steady.step(action).next_observation));
  EXPECT_NEAR(result.reward.item<double>(),
              result.next_observation[0][8].item<double>() - 0.1 * 6 * 0.09, 1e-12);
}

// VaGraM, mbrl/env/distractor_dimensions.py: linear and uncorrelated.
TEST(Variations, LinearDistractorsFollowOneMap) {
  const EnvConfig config = config_of({"distractors=3", "distraction=linear"});
  Environment environment = make("gym/hopper", config);
  EXPECT_EQ(environment.task().spec().observation_size, 14);
  RandomStream random(1, "episode");
  const Tensor action = action_of(environment, 0);
  // d' = M d: four transitions give M, the others must follow it.
  std::vector<Tensor> from, to;
  while (from.size() < 8) {
    Tensor before = environment.reset(random).slice(0, 11);
    const Tensor after = environment.step(action).next_observation[0].slice(0, 11);
    if (after.abs().max().item<double>() > 19) continue;  // may have been put back
    from.push_back(before);
    to.push_back(after);
  }
  const Tensor x = torch::stack(from), y = torch::stack(to);
  const Tensor map = std::get<0>(torch::linalg_lstsq(x, y));
  EXPECT_LT((x.matmul(map) - y).abs().max().item<double>(), 1e-10);
  EXPECT_LT(x.abs().max().item<double>(), 2.0) << "0.1 sized at first, and mapped once";

  EnvConfig elsewhere = config;
  elsewhere.distractor_seed = 5;
  Environment another = make("gym/hopper", elsewhere);
  RandomStream same(1, "episode"), again(1, "episode");
  EXPECT_FALSE(another.reset(same).equal(environment.reset(again)));
}

TEST(Variations, DistractorsStayFinite) {
  for (const char* kind : {"sine", "linear", "noise"}) {
    Environment environment = make(
        "mbbl/half-cheetah", config_of({"distractors=20", std::string("distraction=") + kind}));
    RandomStream random(1, "episode");
    environment.reset(random);
    const Tensor action = action_of(environment, 0);
    double largest = 0;
    for (int t = 0; t < 300; ++t) {
      const Tensor seen = environment.step(action).next_observation.slice(1, 17);
      largest = std::max(largest, seen.abs().max().item<double>());
    }
    EXPECT_LE(largest, 20) << kind;
    EXPECT_GT(largest, 1) << kind;
  }
}

TEST(Variations, SettingsThatDoNothingAreRefused) {
  EXPECT_EQ(error_of("mbbl/half-cheetah", {"noisy_reward=true"}),
            "env.noisy_reward has no effect without env.action_noise or env.observation_noise");
  EXPECT_EQ(error_of("gym/ant", {"cripple_among=[1]"}),
            "env.cripple_among has no effect without env.cripple");
  EXPECT_EQ(error_of("gym/ant", {"distraction=noise"}),
            "env.distraction or env.distractor_seed has no effect without env.distractors");
  EXPECT_NE(error_of("gym/ant", {"cripple=leg", "crippled_leg=1"}), "none");
}

// Where the measurement says nothing of the body, none is made for it.
TEST(Variations, StartStatesAreTheSameWithoutTheirBodies) {
  for (const char* task : {"gym/hopper", "me-trpo/ant", "classic/pendulum"}) {
    const EnvConfig config = config_of({"mass_spread=2", "observation_noise=0.1"});
    const auto whole = find_task(task).make_simulation(config);
    const auto measured_only = find_task(task).make_simulation(config);
    RandomStream one(1, "starts"), other(1, "starts");
    for (int i = 0; i < 5; ++i) {
      whole->reset(one);
      measured_only->reset_to_measure(other);
      EXPECT_TRUE(measured(*whole).equal(measured(*measured_only))) << task;
    }
  }
}

TEST(Variations, ClassicSystemsRefuseWhatTheyHaveNot) {
  EXPECT_EQ(error_of("classic/pendulum", {"slope=5"}),
            "env.slope means nothing to classic/pendulum; leave it at 0.0");
  EXPECT_EQ(error_of("classic/pendulum", {"cripple=leg"}),
            "env.cripple means nothing to classic/pendulum; leave it at \"nothing\"");
  EXPECT_EQ(error_of("gym/reacher", {"cripple=leg"}), "none");
  EXPECT_EQ(error_of("gym/inverted-pendulum", {"crippled_leg=2"}).substr(0, 24),
            "env.crippled_leg is 2; i");
}

}  // namespace
}  // namespace reverie
