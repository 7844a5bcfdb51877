// Rewards and ends of the mbbl suite against values worked out by hand.
#include <reverie/envs/suites/registry.h>
#include <reverie/envs/suites/task_fixture.h>
#include <reverie/envs/task_entry.h>

#include <gtest/gtest.h>

#include <cmath>

namespace reverie {
namespace {

struct Paid {
  const char* task;
  std::vector<std::pair<int64_t, double>> before;
  std::vector<double> action;
  double reward;
};

// Wang et al. 2019: v - ctrl |a|^2 - 3 (z - height)^2 + alive, of the state before the step.
TEST(MbblTasks, PayForTheStateBeforeTheStep) {
  const std::vector<Paid> cases = {
      {"mbbl/swimmer-v0", {{3, 0.7}}, {1, -2}, 0.7 - 5e-4},
      {"mbbl/swimmer", {{3, 9}, {8, 0.7}}, {1, -2}, 0.7 - 5e-4},
      {"mbbl/hopper", {{0, 1.1}, {5, 2}}, {1, -2, 0}, 2 - 0.5 - 3 * 0.04 + 1},
      {"mbbl/hopper", {{0, 0.6}, {5, 2}}, {1, -2, 0}, 2 - 0.5 - 3 * 0.49 + 1},
      {"mbbl/hopper-et", {{0, 1.1}, {5, 2}}, {1, -2, 0}, 2 - 0.5 - 3 * 0.04 + 1},
      {"mbbl/hopper-et", {{0, 0.6}, {5, 2}}, {1, -2, 0}, 2 - 0.5 - 3 * 0.49},
      {"mbbl/walker2d", {{0, 1.2}, {8, 1.5}}, {1}, 1.5 - 0.1 - 3 * 0.01 + 1},
      {"mbbl/walker2d-et", {{0, 1.2}, {1, 1.1}, {8, 1.5}}, {1}, 1.5 - 0.1 - 3 * 0.01},
      {"mbbl/ant", {{0, 0.67}, {13, 1}}, {1, 0, 1}, 1 - 0.2 - 3 * 0.01 + 1},
      {"mbbl/ant-et", {{0, 1.07}, {13, 1}}, {1, 0, 1}, 1 - 0.2 - 3 * 0.25},
      {"mbbl/slim-humanoid", {{0, 1.4}, {22, 0.3}}, {0.5, -0.5}, 5 - 0.05 + 5},
      {"mbbl/slim-humanoid", {{0, 0.9}, {22, 0.3}}, {0.5, -0.5}, 5 - 0.05},
      {"mbbl/slim-humanoid-et", {{0, 2.1}, {22, 0.3}}, {0.5, -0.5}, 5 - 0.05},
      {"mbbl/humanoid-et", {{0, 1.4}, {22, 0.3}, {-84, 1000}}, {0.5, -0.5}, 5 - 0.05 + 5 - 0.5},
      {"mbbl/humanoid-et", {{0, 1.4}, {22, 0.3}, {-1, 1e5}}, {0.5, -0.5}, 5 - 0.05 + 5 - 10},
      {"mbbl/inverted-pendulum", {{1, 0.3}}, {2}, -0.09},
      {"mbbl/reacher", {{-3, 0.3}, {-2, 0.4}}, {0.5, 0.2}, -0.5 - 0.29},
  };
  for (const Paid& one : cases) {
    const auto t = task(one.task);
    const int64_t size = t->spec().observation_size;
    const Tensor next = torch::full({1, size}, 7.0, torch::kFloat64);
    EXPECT_NEAR(reward(*t, state(size, one.before), action_of(*t, one.action), next), one.reward,
                1e-12)
        << one.task;
    EXPECT_TRUE(t->reward_is_exact()) << one.task;
  }
}

TEST(MbblTasks, EndEarlyWhereTheySay) {
  struct End {
    const char* task;
    double height, angle;
    bool ends;
  };
  const std::vector<End> cases = {
      {"mbbl/hopper-et", 0.71, 0.19, false},    {"mbbl/hopper-et", 0.7, 0, true},
      {"mbbl/hopper-et", 1.2, -0.2, true},      {"mbbl/hopper", 0.1, 3, false},
      {"mbbl/walker2d-et", 0.81, 0.99, false},  {"mbbl/walker2d-et", 0.8, 0, true},
      {"mbbl/walker2d-et", 2.0, 0, true},       {"mbbl/walker2d-et", 1.2, 1.0, true},
      {"mbbl/walker2d", 0.1, 3, false},         {"mbbl/ant-et", 1.0, 0, false},
      {"mbbl/ant-et", 0.2, 0, false},           {"mbbl/ant-et", 1.01, 0, true},
      {"mbbl/ant-et", 0.19, 0, true},           {"mbbl/ant", 0.1, 0, false},
      {"mbbl/slim-humanoid-et", 1.0, 0, false}, {"mbbl/slim-humanoid-et", 0.99, 0, true},
      {"mbbl/slim-humanoid-et", 2.01, 0, true}, {"mbbl/slim-humanoid", 0.3, 0, false},
      {"mbbl/humanoid-et", 0.99, 0, true},      {"mbbl/inverted-pendulum", 0, 3, false},
  };
  for (const End& one : cases) {
    const auto t = task(one.task);
    const Tensor next = state(t->spec().observation_size, {{0, one.height}, {1, one.angle}});
    EXPECT_EQ(t->terminated(next).item<bool>(), one.ends) << one.task << " at " << one.height;
  }
}

// Wang et al.'s code ends an episode where its count of steps has exceeded max_length, 200 or 100.
TEST(MbblTasks, ClassicTasksEndAfterAnotherStep) {
  for (const auto& [name, steps] : {std::pair{"mbbl/pendulum", 201},
                                    {"mbbl/acrobot", 201},
                                    {"mbbl/cartpole", 201},
                                    {"mbbl/mountain-car", 201},
                                    {"mbbl/inverted-pendulum", 101},
                                    {"mbbl/reacher", 50}}) {
    const TaskEntry& entry = find_task(name);
    Environment environment(entry.make_task({}), entry.make_simulation({}));
    RandomStream random(1, "length");
    environment.reset(random);
    const Tensor still = torch::zeros({environment.task().spec().action_size()}, torch::kFloat64);
    int taken = 0;
    for (bool ended = false; !ended && taken < 300; ++taken) {
      const StepResult result = environment.step(still);
      ended = result.terminated.item<bool>() || result.truncated.item<bool>();
      EXPECT_FALSE(result.terminated.item<bool>()) << name;
    }
    EXPECT_EQ(taken, steps) << name;
  }
}

TEST(MbblTasks, ClassicTasksPayForTheStateBeforeTheStep) {
  const auto paid = [](const char* name, const std::vector<double>& measured, double action) {
    const auto t = task(name);
    const Tensor seen = t->observe(row(measured));
    EXPECT_FALSE(t->terminates()) << name;
    return reward(*t, seen, {action}, torch::full_like(seen, 7.0));
  };
  EXPECT_NEAR(paid("mbbl/pendulum", {2.5, -3}, 5),
              -(std::cos(2.5) + 0.1 * std::sin(2.5) + 0.1 * 9 + 0.001 * 4), 1e-12);
  EXPECT_NEAR(paid("mbbl/pendulum", {M_PI, 0}, 0), 1, 1e-12) << "hanging down";
  EXPECT_NEAR(paid("mbbl/acrobot", {0.3, 1.1, 5, 5}, 1), -(std::cos(0.3) + std::cos(1.4)), 1e-12);
  EXPECT_NEAR(paid("mbbl/cartpole", {2, 9, 0.4, 9}, 1), std::cos(0.4) - 0.04, 1e-12);
  EXPECT_NEAR(paid("mbbl/mountain-car", {-0.4, 0.02}, 1), -0.4, 1e-12);
}

TEST(MbblTasks, ClassicSystemsArePushedByThresholds) {
  const auto moved = [](const char* name, const std::vector<double>& from, double action) {
    const auto simulation = find_task(name).make_simulation({});
    simulation->restore(from);
    simulation->step(std::vector<double>{action});
    return simulation->state();
  };
  const std::vector<double> bent = {0.1, -0.2, 0.3, 0.4}, start = {0.1, 0.2, 0.05, -0.3};
  for (const auto& [action, torque] :
       {std::pair{-0.34, -1.0}, {-0.33, 0.0}, {0.32, 0.0}, {0.33, 1.0}})
    EXPECT_EQ(moved("mbbl/acrobot", bent, action), moved("classic/acrobot", bent, torque));
  EXPECT_EQ(moved("mbbl/cartpole", start, 0.01), moved("classic/cartpole", start, 1));
  EXPECT_EQ(moved("mbbl/cartpole", start, 0), moved("classic/cartpole", start, -1));
  EXPECT_EQ(moved("mbbl/pendulum", {1, 0.5}, 0.3), moved("classic/pendulum", {1, 0.5}, 0.6));
  EXPECT_EQ(moved("mbbl/pendulum", {1, 0.5}, 7), moved("classic/pendulum", {1, 0.5}, 2));
  // Gym 0.9.4's pendulum moves by the speed it would have, and clips that to 8 rad/s then.
  const double faster = 7.9 + (15 * std::sin(1.0) + 3 * 2) * 0.05;
  EXPECT_GT(faster, 8);
  const std::vector<double> fast = moved("mbbl/pendulum", {1, 7.9}, 1);
  EXPECT_NEAR(fast[0], 1 + 0.05 * faster, 1e-12);
  EXPECT_EQ(fast[1], 8);
  EXPECT_NEAR(moved("classic/pendulum", {1, 7.9}, 2)[0], 1 + 0.05 * 8, 1e-12);
}

}  // namespace
}  // namespace reverie
