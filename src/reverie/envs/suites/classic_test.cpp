// The classic systems: rewards and ends worked out by hand, closed forms of their motion.
#include <reverie/core/error.h>
#include <reverie/envs/suites/registry.h>
#include <reverie/envs/suites/task_fixture.h>
#include <reverie/envs/task_entry.h>

#include <gtest/gtest.h>

#include <cmath>

namespace reverie {
namespace {

TEST(ClassicTasks, PendulumPaysForAngleSpeedAndTorqueBeforeTheStep) {
  const auto t = task("classic/pendulum");
  const double angle = 2.5 + 4 * M_PI;  // counts as 2.5
  const Tensor observation = t->observe(row({angle, -3.0}));
  EXPECT_NEAR(reward(*t, observation, {5.0}, row({1, 0, 0})), -(2.5 * 2.5 + 0.1 * 9 + 0.001 * 4),
              1e-12);  // torque clipped to 2
}

// The Riccati recursion's gains are the best policy of the linear system, and its P the return.
TEST(ClassicTasks, TheLinearSystemHasItsKnownOptimum) {
  constexpr int horizon = 100;
  constexpr double dt = 0.1, r = 0.1;  // x' = [1 dt; 0 1] x + [0; dt] u, cost |x|^2 + r u^2
  double p[2][2] = {{0, 0}, {0, 0}}, gains[horizon][2];
  for (int t = horizon - 1; t >= 0; --t) {
    // P A and B' P A, B' P B, for these A and B.
    const double pa[2][2] = {{p[0][0], p[0][0] * dt + p[0][1]}, {p[1][0], p[1][0] * dt + p[1][1]}};
    const double bpb = dt * dt * p[1][1];
    for (int j = 0; j < 2; ++j) gains[t][j] = dt * pa[1][j] / (r + bpb);
    double next[2][2];
    for (int j = 0; j < 2; ++j) {
      next[0][j] = (j == 0) + pa[0][j];
      next[1][j] = (j == 1) + dt * pa[0][j] + pa[1][j];
    }
    for (int i = 0; i < 2; ++i)
      for (int j = 0; j < 2; ++j) p[i][j] = next[i][j] - dt * pa[1][i] * gains[t][j];
  }
  const TaskEntry& entry = find_task("classic/lqr");
  const std::vector<double> x0 = {0.8, -0.5};
  const auto play = [&](double strength) {
    Environment environment(entry.make_task({}), entry.make_simulation({}));
    RandomStream random(1, "lqr");
    environment.reset(random);
    environment.simulation().restore(x0);
    double total = 0;
    std::vector<double> x = x0;
    for (const auto& gain : gains) {
      const double u = -strength * (gain[0] * x[0] + gain[1] * x[1]);
      total += environment.step(torch::tensor({u}, torch::kFloat64)).reward.item<double>();
      x = environment.simulation().state();
    }
    return total;
  };
  const double best =
      -(p[0][0] * x0[0] * x0[0] + 2 * p[0][1] * x0[0] * x0[1] + p[1][1] * x0[1] * x0[1]);
  EXPECT_NEAR(play(1), best, 1e-9);
  EXPECT_LT(play(0.9), best);
  EXPECT_LT(play(1.1), best);
}

TEST(ClassicTasks, APointMassMovesAsItIsPushed) {
  const auto simulation = find_task("classic/point-mass").make_simulation({});
  simulation->restore(std::vector<double>{0.5, -0.2, 0.1, 0.0});
  for (int i = 0; i < 20; ++i) simulation->step(std::vector<double>{0.5, -3.0});  // one second
  const auto state = simulation->state();
  const double expected[] = {0.5 + 0.1 + 0.25, -0.2 - 0.5, 0.1 + 0.5, -1.0};
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(state[i], expected[i], 1e-12);
  EXPECT_NEAR(reward(*task("classic/point-mass"), row({9, 9, 9, 9}), {0.5, -3}, row({1, 2, 3, 4})),
              -(5 + 2.5 + 0.0125), 1e-12);
}

TEST(ClassicTasks, CartPoleEndsBeyondItsLimits) {
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

TEST(ClassicTasks, RefuseSettingsOfJoints) {
  for (const char* name : {"classic/pendulum", "classic/cartpole", "classic/acrobot",
                           "classic/mountain-car", "classic/point-mass", "classic/lqr"}) {
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

TEST(ClassicTasks, Vary) {
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

}  // namespace
}  // namespace reverie
