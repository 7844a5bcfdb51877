// Rewards and ends of the tasks against values worked out by hand, and the registry.
#include <reverie/core/error.h>
#include <reverie/envs/environment.h>

#include <gtest/gtest.h>

#include <cmath>

namespace reverie {
namespace {

/// One row of float64.
Tensor row(const std::vector<double>& values) {
  return torch::tensor(values, torch::kFloat64).unsqueeze(0);
}

std::shared_ptr<const Task> task(std::string_view name) {
  return find_task(name).make_task({});
}

/// A half-cheetah's observation or measurement, all zero but for number `index`.
Tensor only(int64_t size, int64_t index, double value) {
  Tensor zeros = torch::zeros({1, size}, torch::kFloat64);
  zeros[0][index] = value;
  return zeros;
}

// |a|² = 0.25 + 4 + 0.01 = 4.26; clipped to [-1, 1]: 1.26.
const std::vector<double> cheetah_action = {0.5, -2, 0.1, 0, 0, 0};

double reward(const Task& task, const Tensor& observation, const std::vector<double>& action,
              const Tensor& next) {
  return task.reward(observation, row(action), next).item<double>();
}

TEST(Tasks, HalfCheetahObservesAllButX) {
  for (const char* name : {"rllib/half-cheetah", "rllab/half-cheetah", "mbbl/half-cheetah"}) {
    const Tensor observation =
        task(name)->observe(torch::arange(18.0, torch::kFloat64).unsqueeze(0));
    EXPECT_TRUE(observation.equal(torch::arange(1.0, 18.0, torch::kFloat64).unsqueeze(0)));
  }
}

TEST(Tasks, RllibHalfCheetahReadsTheNextStateAndTheUnclippedAction) {
  const auto t = task("rllib/half-cheetah");
  const Tensor next = only(17, 8, 3.0);
  const Tensor before = only(17, 8, -7.0);
  EXPECT_DOUBLE_EQ(reward(*t, before, cheetah_action, next), 3.0 - 0.426);
  EXPECT_DOUBLE_EQ(reward(*t, before, cheetah_action, only(17, 8, 1e5)), 1000);
  EXPECT_DOUBLE_EQ(reward(*t, before, cheetah_action, only(17, 8, -1e5)), -1000);
}

TEST(Tasks, RllabHalfCheetahIsPaidForItsDisplacement) {
  const auto t = task("rllab/half-cheetah");
  EXPECT_FALSE(t->reward_is_exact());
  const Tensor action = row(cheetah_action);
  const auto measured = [&](double from, double to) {
    return t->measured_reward(only(18, 0, from), action, only(18, 0, to)).item<double>();
  };
  EXPECT_NEAR(measured(2.0, 2.03), 3.0 - 0.126, 1e-12);  // 0.03 m in 0.01 s, clipped action
  EXPECT_DOUBLE_EQ(measured(0, 20), 1000);
  EXPECT_DOUBLE_EQ(reward(*t, only(17, 8, 9), cheetah_action, only(17, 8, 3.0)), 3.0 - 0.426);
}

TEST(Tasks, MbblHalfCheetahReadsTheStartState) {
  const auto t = task("mbbl/half-cheetah");
  EXPECT_TRUE(t->reward_is_exact());
  EXPECT_DOUBLE_EQ(reward(*t, only(17, 8, 2000), cheetah_action, only(17, 8, 3.0)), 2000 - 0.426);
}

TEST(Tasks, GymHalfCheetahIsPaidForItsDisplacement) {
  const auto t = task("gym/half-cheetah");
  const Tensor paid = t->measured_reward(only(18, 0, 2.0), row(cheetah_action), only(18, 0, 2.15));
  EXPECT_NEAR(paid.item<double>(), 3.0 - 0.426, 1e-12);  // 0.15 m in 0.05 s
  EXPECT_DOUBLE_EQ(reward(*t, only(17, 8, 9), cheetah_action, only(17, 8, 3.0)), 3.0 - 0.426);
}

TEST(Tasks, HopperObservesClippedVelocitiesAndIsPaidToStayUp) {
  const auto t = task("rllib/hopper");
  const Tensor observation = t->observe(row({5, 1.2, 0.1, -0.2, -0.3, 0.4, 11, -12, 3, 4, -5, 60}));
  EXPECT_TRUE(observation.equal(row({1.2, 0.1, -0.2, -0.3, 0.4, 10, -10, 3, 4, -5, 10})));
  EXPECT_DOUBLE_EQ(reward(*t, observation, {1, -2, 0}, only(11, 5, 2.5)), 2.5 + 1 - 0.005);
}

TEST(Tasks, HopperFalls) {
  const auto t = task("rllib/hopper");
  // z, pitch, three joints, six velocities
  const auto falls = [&](double z, double pitch, double joint, double speed) {
    const Tensor state = row({z, pitch, 0, joint, 0, 0, 0, speed, 0, 0, 0});
    const Tensor measurement = torch::cat({row({-300.0}), state}, 1);
    EXPECT_TRUE(t->terminated(state).equal(t->measured_terminated(measurement)));
    return t->terminated(state).item<bool>();
  };
  EXPECT_FALSE(falls(1.25, 0, 0, 0));
  EXPECT_FALSE(falls(0.71, 0.19, -99, 99));
  EXPECT_TRUE(falls(0.7, 0, 0, 0));
  EXPECT_TRUE(falls(1.25, 0.2, 0, 0));
  EXPECT_TRUE(falls(1.25, -0.2, 0, 0));
  EXPECT_TRUE(falls(1.25, 0, 100, 0));
  EXPECT_TRUE(falls(1.25, 0, 0, -100));
  EXPECT_TRUE(falls(std::nan(""), 0, 0, 0));
  EXPECT_FALSE(falls(150, 0, 0, 0)) << "the height has no upper bound";
  // What the simulator judges is not clipped to what is observed.
  const Tensor fast = row({0, 1.25, 0, 0, 0, 0, 0, 0, 0, 0, 0, 150});
  EXPECT_TRUE(t->measured_terminated(fast).item<bool>());
  EXPECT_FALSE(t->terminated(t->observe(fast)).item<bool>());
}

TEST(Tasks, PendulumPaysForAngleSpeedAndTorqueBeforeTheStep) {
  const auto t = task("classic/pendulum");
  const double angle = 2.5 + 4 * M_PI;  // counts as 2.5
  const Tensor observation = t->observe(row({angle, -3.0}));
  EXPECT_NEAR(reward(*t, observation, {5.0}, row({1, 0, 0})), -(2.5 * 2.5 + 0.1 * 9 + 0.001 * 4),
              1e-12);  // torque clipped to 2
}

TEST(Tasks, CartPoleEndsBeyondItsLimits) {
  const auto t = task("classic/cartpole");
  const double degree = M_PI / 180;
  const Tensor states =
      torch::cat({row({2.4, 50, 0, 50}), row({2.41, 0, 0, 0}), row({-2.41, 0, 0, 0}),
                  row({0, 0, 11.99 * degree, 0}), row({0, 0, 12.01 * degree, 0}),
                  row({0, 0, -12.01 * degree, 0})});
  const Tensor expected = torch::tensor({0, 1, 1, 0, 1, 1}).to(torch::kBool);
  EXPECT_TRUE(t->terminated(states).equal(expected));
  EXPECT_TRUE(t->reward(states, states, states).equal(torch::ones({6}, torch::kFloat64)));
}

TEST(Tasks, ClassicSystemsRefuseSettingsOfJoints) {
  for (const char* name : {"classic/pendulum", "classic/cartpole"}) {
    EnvConfig config;
    config.damping_scale = 2;
    try {
      find_task(name).make_simulation(config);
      ADD_FAILURE() << name;
    } catch (const UsageError& error) {
      EXPECT_NE(std::string(error.what()).find("env.damping_scale"), std::string::npos);
      EXPECT_NE(std::string(error.what()).find(name), std::string::npos);
    }
  }
}

TEST(Tasks, ClassicSystemsVary) {
  // From rest at angle 0.5, one Euler step of 0.05 s: 1.5 g sin(angle) + 3 torque / mass.
  EnvConfig config;
  config.gravity_scale = 0.5;
  config.mass_scale = 2;
  config.gear_scale = 3;
  const auto pendulum = find_task("classic/pendulum").make_simulation(config);
  pendulum->restore(std::vector<double>{0.5, 0});
  pendulum->step(std::vector<double>{1.0});
  EXPECT_NEAR(pendulum->state()[1], 0.05 * (7.5 * std::sin(0.5) + 3.0 * 3.0 / 2.0), 1e-12);

  // Twice the masses under twice the force accelerate alike.
  EnvConfig heavy;
  heavy.mass_scale = 2;
  heavy.gear_scale = 2;
  const auto light_cart = find_task("classic/cartpole").make_simulation({});
  const auto heavy_cart = find_task("classic/cartpole").make_simulation(heavy);
  const std::vector<double> start = {0.1, 0.2, 0.05, -0.3};
  for (const auto& cart : {light_cart.get(), heavy_cart.get()}) {
    cart->restore(start);
    cart->step(std::vector<double>{0.7});
  }
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(light_cart->state()[i], heavy_cart->state()[i], 1e-12);
}

TEST(Tasks, AnUnknownNameIsMetWithTheNearest) {
  try {
    find_task("rllib/halfcheetah");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("'rllib/half-cheetah'"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace reverie
