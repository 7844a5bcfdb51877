// PETS' tasks against values worked out by hand, and against the bodies they are told of.
#include <reverie/envs/mujoco/simulation.h>
#include <reverie/envs/suites/registry.h>
#include <reverie/envs/suites/task_fixture.h>
#include <reverie/envs/task_entry.h>

#include <gtest/gtest.h>

#include <cmath>

namespace reverie {
namespace {

TEST(PetsTasks, CartPolePaysForThePolesEnd) {
  const auto t = task("pets/cartpole");
  const Tensor anywhere = row({9, 9, 9, 9});
  EXPECT_NEAR(reward(*t, anywhere, {2}, row({0, M_PI, 3, 4})), 1 - 0.04, 1e-12) << "upright";
  EXPECT_NEAR(reward(*t, anywhere, {0}, row({0, 0, 3, 4})), std::exp(-1.44 / 0.36), 1e-12);
  EXPECT_NEAR(reward(*t, anywhere, {0}, row({0.5, M_PI / 2, 3, 4})),
              std::exp(-(0.01 + 0.36) / 0.36), 1e-12);
  EXPECT_TRUE(t->reward_is_exact());
}

TEST(PetsTasks, HalfCheetahSeesHowFarItGot) {
  const TaskEntry& entry = find_task("pets/half-cheetah");
  Environment environment(entry.make_task({}), entry.make_simulation({}));
  RandomStream random(1, "run");
  const Tensor first = environment.reset(random);
  EXPECT_EQ(first.size(0), 18);
  EXPECT_EQ(first[0].item<double>(), 0) << "nothing yet";
  auto& body = dynamic_cast<MujocoSimulation&>(environment.simulation());
  const Tensor action = torch::full({6}, 0.5, torch::kFloat64);
  for (int t = 0; t < 5; ++t) {
    const double before = body.data().qpos[0];
    const StepResult result = environment.step(action);
    const double speed = (body.data().qpos[0] - before) / 0.05;
    EXPECT_NEAR(result.next_observation[0][0].item<double>(), speed, 1e-12);
    EXPECT_NEAR(result.reward.item<double>(), speed - 0.1 * 6 * 0.25, 1e-12);
  }
  EXPECT_TRUE(environment.task().reward_is_exact());
}

TEST(PetsTasks, PusherPaysForWhereThingsWere) {
  const auto t = task("pets/pusher");
  // Seven angles, seven velocities, tip, object; the goal is at (0.45, -0.05, -0.323).
  const Tensor before =
      state(20, {{14, 0.5}, {15, 0.1}, {16, -0.3}, {17, 0.3}, {18, 0.2}, {19, -0.275}});
  EXPECT_NEAR(
      reward(*t, before, action_of(*t, {1, -2}), torch::full({1, 20}, 7.0, torch::kFloat64)),
      -0.5 * (0.2 + 0.1 + 0.025) - 1.25 * (0.15 + 0.25 + 0.048) - 0.1 * 5, 1e-12);
  EXPECT_TRUE(t->reward_is_exact());
  // The object's place follows its sliders: (y, x) = (-0.25, 0.15) from (0.45, -0.05).
  const auto simulation = find_task("pets/pusher").make_simulation({});
  RandomStream random(1, "starts");
  double x = 0, y = 0;
  for (int i = 0; i < 300; ++i) {
    simulation->reset(random);
    const Tensor seen = t->observe(measured(*simulation))[0];
    x += seen[17].item<double>() / 300;
    y += seen[18].item<double>() / 300;
  }
  EXPECT_NEAR(x, 0.6, 0.006);
  EXPECT_NEAR(y, -0.3, 0.006);
}

// The hand by their formula is the middle of both fingers' tips, wherever the elbow and the wrist
// may bend to.
TEST(PetsTasks, ReacherTellsWhereItsHandIs) {
  const auto t = task("pets/reacher3d");
  const auto simulation = find_task("pets/reacher3d").make_simulation({});
  auto& body = dynamic_cast<MujocoSimulation&>(*simulation);
  const mjModel& model = body.model();
  RandomStream random(1, "arms");
  const std::vector<double> still(static_cast<size_t>(model.nv), 0.0);
  for (int i = 0; i < 50; ++i) {
    std::vector<double> position(10);
    for (int joint = 0; joint < 10; ++joint)
      position[static_cast<size_t>(joint)] =
          model.jnt_limited[joint]
              ? random.uniform(model.jnt_range[2 * joint], model.jnt_range[2 * joint + 1])
              : random.uniform(-1, 1);
    body.place(position, still);
    const auto tip = [&](const char* name) {
      return body.data().xpos + 3 * mj_name2id(&model, mjOBJ_BODY, name);
    };
    const mjtNum* left = tip("r_gripper_l_finger_tip_link");
    const mjtNum* right = tip("r_gripper_r_finger_tip_link");
    double distance = 0;
    for (size_t k = 0; k < 3; ++k)
      distance += std::pow((left[k] + right[k]) / 2 - position[7 + k], 2);
    const Tensor seen = t->observe(measured(body));
    EXPECT_NEAR(reward(*t, seen, action_of(*t, {1, 2}), seen), -distance - 0.05, 2e-5);
  }
}

TEST(PetsTasks, AStraightArmHasAGradient) {
  const auto t = task("pets/reacher3d");
  Tensor straight = torch::zeros({1, 17}, torch::kFloat64).requires_grad_(true);
  const Tensor paid = t->reward(straight, torch::zeros({1, 7}, torch::kFloat64), straight);
  paid.sum().backward();
  EXPECT_TRUE(straight.grad().isfinite().all().item<bool>());
  // Straight on along x, 0.98928 m from the shoulder at y = -0.188; the goal at the origin.
  EXPECT_NEAR(paid.item<double>(), -(std::pow(0.1 + 0.4 + 0.321 + 0.16828, 2) + 0.188 * 0.188),
              1e-12);
}

}  // namespace
}  // namespace reverie
