// Rewards and ends of the tasks against values worked out by hand, and the registry.
#include <reverie/core/error.h>
#include <reverie/envs/environment.h>
#include <reverie/envs/mujoco_simulation.h>
#include <reverie/envs/task_fixture.h>
#include <reverie/runs/files.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

namespace reverie {
namespace {

/// A half-cheetah's observation or measurement, all zero but for number `index`.
Tensor only(int64_t size, int64_t index, double value) {
  Tensor zeros = torch::zeros({1, size}, torch::kFloat64);
  zeros[0][index] = value;
  return zeros;
}

// |a|² = 0.25 + 4 + 0.01 = 4.26; clipped to [-1, 1]: 1.26.
const std::vector<double> cheetah_action = {0.5, -2, 0.1, 0, 0, 0};

// docs/tasks.md is written by scripts/tasks_page.py.
TEST(Tasks, ThePageOfAllTasksIsOfToday) {
  const std::string page =
      read_file(std::filesystem::path(REVERIE_TEST_DATA) / "../../docs/tasks.md");
  for (const TaskEntry& entry : all_tasks()) {
    const TaskSpec spec = entry.spec();
    EXPECT_NE(page.find(fmt::format("| `{}` | {}, {}, {} |", spec.name, spec.observation_size,
                                    spec.action_size(), spec.horizon)),
              std::string::npos)
        << spec.name << ": run scripts/tasks_page.py";
  }
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

struct Paid {
  const char* task;
  std::vector<std::pair<int64_t, double>> before;
  std::vector<double> action;
  double reward;
};

// Wang et al. 2019: v - ctrl |a|^2 - 3 (z - height)^2 + alive, of the state before the step.
TEST(Tasks, MbblPaysForTheStateBeforeTheStep) {
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

TEST(Tasks, MbblEndsEarlyWhereItSays) {
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

// Where x is not observed, the velocity stands in for its change: in free flight the two agree.
TEST(Tasks, StandInsTellTheForwardVelocity) {
  for (const char* name :
       {"gym/half-cheetah", "gym/hopper", "gym/walker2d", "gym/swimmer", "gym/ant", "gym/humanoid",
        "gym/humanoid-truncated", "rllab/half-cheetah", "rllab/hopper"}) {
    EnvConfig floating;
    floating.gravity_scale = 0;
    const TaskEntry& entry = find_task(name);
    Environment environment(entry.make_task(floating), entry.make_simulation(floating));
    RandomStream random(1, "flight");
    environment.reset(random);
    auto& body = dynamic_cast<MujocoSimulation&>(environment.simulation());
    const mjModel& model = body.model();
    std::vector<double> position(model.qpos0, model.qpos0 + model.nq);
    std::vector<double> velocity(static_cast<size_t>(model.nv), 0.0);
    if (std::string(name) != "gym/swimmer")
      position[model.jnt_type[0] == mjJNT_FREE ? 2 : 1] += 0.1;
    velocity[0] = 1.5;
    body.place(position, velocity);
    const Tensor still = torch::zeros({1, model.nu}, torch::kFloat64);
    const Tensor seen = environment.task().observe(measured(body));
    const StepResult result = environment.step(still);
    const double told =
        environment.task().reward(seen, still, result.next_observation).item<double>();
    EXPECT_FALSE(environment.task().reward_is_exact()) << name;
    EXPECT_TRUE(environment.task().reward_is_told() ||
                name == std::string("gym/humanoid-truncated"))
        << name;
    EXPECT_GT(told, 1) << name;
    const bool braked = name == std::string("gym/swimmer");  // by the water, during the step
    EXPECT_NEAR(told, result.reward.item<double>(), braked ? 0.1 : 0.02) << name;
  }
}

// The double pendulum's tip, from its angles alone.
TEST(Tasks, TheDoublePendulumTellsWhereItsTipIs) {
  for (const int64_t version : {4, 5}) {
    EnvConfig config;
    config.version = version;
    const TaskEntry& entry = find_task("gym/inverted-double-pendulum");
    Environment environment(entry.make_task(config), entry.make_simulation(config));
    RandomStream random(2, "tip");
    Tensor seen = environment.reset(random).unsqueeze(0);
    const Tensor still = torch::zeros({1, 1}, torch::kFloat64);
    bool ended = false;
    for (int t = 0; t < 60 && !ended; ++t) {
      const StepResult result = environment.step(still);
      const double told =
          environment.task().reward(seen, still, result.next_observation).item<double>();
      ended = result.terminated.item<bool>();
      // The simulator's tip is that of a hundredth of a second before.
      if (!ended) {
        EXPECT_NEAR(told, result.reward.item<double>(), 0.15) << t;
      }
      seen = result.next_observation;
    }
    EXPECT_TRUE(ended);
    const Tensor down = environment.task().observe(
        torch::zeros({1, environment.simulation().measurement_size()}, torch::kFloat64));
    EXPECT_NEAR(environment.task().reward(down, still, down).item<double>(), 10 - 0.8 * 0.8, 1e-12)
        << "upright, 1.2 m high";
    Tensor fallen = down.clone();
    fallen.slice(1, 3, 5).fill_(-1);  // both cosines: the first link down, the second up again
    EXPECT_NEAR(environment.task().reward(down, still, fallen).item<double>(),
                (version == 4 ? 10 : 0) - 4.0, 1e-12);
    EXPECT_TRUE(environment.task().terminated(fallen).item<bool>());
  }
}

// Clavera et al. 2018: paid for x's change (the ant for its velocity) and the clipped action in the
// world; for the velocity and the action as given in a model.
TEST(Tasks, RllabPaysForTheClippedActionInTheWorldAlone) {
  struct Moved {
    const char* task;
    double seconds, control, bonus;
    int64_t velocity;  // of the observation
  };
  for (const Moved& one :
       {Moved{"rllab/half-cheetah", 0.01, 0.1, 0, 8}, Moved{"rllab/swimmer", 0.01, 1e-4, 0, 3},
        Moved{"rllab/hopper", 0.02, 1e-3, 1, 5}, Moved{"rllab/walker2d", 0.02, 1e-3, 1, 8}}) {
    const auto t = task(one.task);
    EXPECT_DOUBLE_EQ(find_task(one.task).make_simulation({})->seconds_per_step(), one.seconds);
    const int64_t size = t->spec().observation_size;
    const auto action = action_of(*t, {0.5, -2});  // squared 4.25, clipped 1.25
    const int64_t measured = find_task(one.task).make_simulation({})->measurement_size();
    const double real =
        t->measured_reward(state(measured, {{0, 2.0}}), row(action), state(measured, {{0, 2.03}}))
            .item<double>();
    EXPECT_NEAR(real, 0.03 / one.seconds + one.bonus - one.control * 1.25, 1e-10) << one.task;
    EXPECT_NEAR(reward(*t, state(size, {}), action, state(size, {{one.velocity, 1.5}})),
                1.5 + one.bonus - one.control * 4.25, 1e-12)
        << one.task;
    EXPECT_EQ(t->spec().horizon, 200);
  }
  const auto ant = task("rllab/ant");
  const auto action = action_of(*ant, {0.5, -2});
  const Tensor moving = state(29, {{2, 0.5}, {15, 1.5}});  // qpos 15, then qvel
  EXPECT_NEAR(ant->measured_reward(moving, row(action), moving).item<double>(),
              1.5 + 1 - 0.005 * 1.25, 1e-12);
  EXPECT_NEAR(reward(*ant, state(27, {}), action, state(27, {{13, 1.5}})), 1.5 + 1 - 0.005 * 4.25,
              1e-12);
  EXPECT_TRUE(ant->terminated(state(27, {{0, 1.01}})).item<bool>());

  // Half of full strength on one joint, beyond it on another: clipped to (0.5, 1) of the range.
  const auto humanoid = task("rllab/humanoid");
  const auto pushed = action_of(*humanoid, {0.5, -2});
  const int64_t size = find_task("rllab/humanoid").make_simulation({})->measurement_size();
  const Tensor running = state(size, {{24, 1.5}, {25, 0.2}, {26, -0.1}, {-1, 0.5}, {-2, -7}});
  EXPECT_NEAR(humanoid->measured_reward(running, row(pushed), running).item<double>(),
              1.5 + 0.2 - 0.0005 * 1.25 - 0.5e-5 * 1.25 - 0.005 * 0.05, 1e-12);
  const Tensor seen = humanoid->observe(running);
  EXPECT_NEAR(reward(*humanoid, seen, pushed, seen), 1.5 + 0.2 - 0.0005 * 4.25 - 0.005 * 0.05,
              1e-12)
      << "without the contacts";
  EXPECT_TRUE(humanoid->reward_is_told());
  EXPECT_TRUE(humanoid->terminated(state(129, {{0, 0.79}})).item<bool>());
  EXPECT_FALSE(humanoid->terminated(state(129, {{0, 1.99}})).item<bool>());
}

// `init_qpos` of its ant.xml, with N(0, 0.01) on each number and N(0, 0.1) on each velocity.
TEST(Tasks, RllabsAntBeginsInItsFilesOwnPose) {
  const double pose[] = {0, 0, 0.55, 1, 0, 0, 0, 0, 1, 0, -1, 0, -1, 0, 1};
  const auto simulation = find_task("rllab/ant").make_simulation({});
  RandomStream random(1, "ant");
  constexpr int resets = 200;
  Tensor sum = torch::zeros({29}, torch::kFloat64), squares = sum.clone();
  for (int i = 0; i < resets; ++i) {
    simulation->reset(random);
    Tensor state = torch::empty({29}, torch::kFloat64);
    simulation->measure({state.data_ptr<double>(), 29});
    sum += state / resets;
    squares += state.square() / resets;
  }
  const Tensor spread = (squares - sum.square()).sqrt();
  for (int64_t i = 0; i < 15; ++i) {
    EXPECT_NEAR(sum[i].item<double>(), pose[i], 5 * 0.01 / std::sqrt(resets)) << i;
    // The quaternion's first number: 2.2.2 normalises it, which leaves next to nothing of the noise;
    // today's MuJoCo lets it stand as it was drawn.
    if (i == 3 && mj_version() < 300) {
      EXPECT_LT(spread[i].item<double>(), 0.001);
    } else {
      EXPECT_NEAR(spread[i].item<double>(), 0.01, 0.003) << i;
    }
  }
  EXPECT_NEAR(spread.slice(0, 15).mean().item<double>(), 0.1, 0.01);
}

TEST(Tasks, RllabsHumanoidBendsItsLeftHipTo120Degrees) {
  const auto simulation = find_task("rllab/humanoid").make_simulation({});
  const mjModel& body = dynamic_cast<const MujocoSimulation&>(*simulation).model();
  const int hip = mj_name2id(&body, mjOBJ_JOINT, "left_hip_y");
  EXPECT_NEAR(body.jnt_range[2 * hip], -120 * M_PI / 180, 1e-12);
}

// Wang et al.'s code ends an episode where its count of steps has exceeded max_length, 200 or 100.
TEST(Tasks, MbblsClassicTasksEndAfterAnotherStep) {
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
    const Tensor still = torch::zeros(
        {environment.task().spec().action_size()}, torch::kFloat64);
    int taken = 0;
    for (bool ended = false; !ended && taken < 300; ++taken) {
      const StepResult result = environment.step(still);
      ended = result.terminated.item<bool>() || result.truncated.item<bool>();
      EXPECT_FALSE(result.terminated.item<bool>()) << name;
    }
    EXPECT_EQ(taken, steps) << name;
  }
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

TEST(Tasks, MbblsClassicTasksPayForTheStateBeforeTheStep) {
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

TEST(Tasks, MbblsClassicSystemsArePushedByThresholds) {
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

// The Riccati recursion's gains are the best policy of the linear system, and its P the return.
TEST(Tasks, TheLinearSystemHasItsKnownOptimum) {
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

TEST(Tasks, APointMassMovesAsItIsPushed) {
  const auto simulation = find_task("classic/point-mass").make_simulation({});
  simulation->restore(std::vector<double>{0.5, -0.2, 0.1, 0.0});
  for (int i = 0; i < 20; ++i) simulation->step(std::vector<double>{0.5, -3.0});  // one second
  const auto state = simulation->state();
  const double expected[] = {0.5 + 0.1 + 0.25, -0.2 - 0.5, 0.1 + 0.5, -1.0};
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(state[i], expected[i], 1e-12);
  EXPECT_NEAR(reward(*task("classic/point-mass"), row({9, 9, 9, 9}), {0.5, -3}, row({1, 2, 3, 4})),
              -(5 + 2.5 + 0.0125), 1e-12);
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
