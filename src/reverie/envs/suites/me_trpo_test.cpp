// ME-TRPO's tasks against values worked out by hand, and centres of mass by their definition.
#include <reverie/envs/mujoco/simulation.h>
#include <reverie/envs/suites/registry.h>
#include <reverie/envs/suites/task_fixture.h>

#include <gtest/gtest.h>

#include <array>
#include <cmath>

namespace reverie {
namespace {

struct Paid {
  const char* task;
  std::vector<std::pair<int64_t, double>> next;
  double reward;
};

// The action is (0.5, -2): |clipped|² = 1.25. Kurutach et al.'s envs/com_*.py.
TEST(MeTrpoTasks, PayForTheStateAfterTheStep) {
  const std::vector<Paid> cases = {
      {"me-trpo/swimmer", {{5, 0.7}}, 0.7 - 0.005 * 1.25},
      {"me-trpo/snake", {{7, 0.7}}, 0.7 - 0.005 * 1.25},
      {"me-trpo/half-cheetah", {{9, 3}}, 3 - 0.05 * 1.25},
      {"me-trpo/half-cheetah", {{9, 30}}, 10},
      {"me-trpo/half-cheetah", {{9, -30}}, -10},
      {"me-trpo/hopper", {{0, 1}, {5, 2}}, 2 - 0.005 * 1.25},
      {"me-trpo/hopper", {{0, 0.35}, {5, 2}}, 2 - 0.005 * 1.25 - 10 * 0.1},
      {"me-trpo/hopper", {{0, 1}, {1, -0.5}}, -0.005 * 1.25 - 10 * 0.3},
      {"me-trpo/hopper", {{0, 1}, {2, 101}, {6, -102}, {10, 99}}, -0.005 * 1.25 - 1 - 2},
      {"me-trpo/hopper", {{0, 1}, {1, 150}}, -0.005 * 1.25 - 10 * 149.8},
      {"me-trpo/ant", {{2, 0.5}, {15, 2}}, 2 - 0.005 * 1.25 + 0.05},
      {"me-trpo/humanoid", {{54, 0.5}}, -1 - 1e-5 * 1.25},
      {"me-trpo/simple-humanoid", {{32, 1.7}}, -0.04 - 1e-5 * 1.25},
  };
  for (const Paid& one : cases) {
    const auto t = task(one.task);
    const int64_t size = t->spec().observation_size;
    EXPECT_NEAR(reward(*t, torch::full({1, size}, 7.0, torch::kFloat64), action_of(*t, {0.5, -2}),
                       state(size, one.next)),
                one.reward, 1e-12)
        << one.task;
    EXPECT_TRUE(t->reward_is_exact()) << one.task;
    EXPECT_EQ(t->terminates(), std::string(one.task) == "me-trpo/ant");
  }
  const auto ant = task("me-trpo/ant");
  for (const auto& [height, ends] :
       {std::pair{0.19, true}, {0.2, false}, {1.0, false}, {1.01, true}})
    EXPECT_EQ(ant->terminated(state(29, {{2, height}})).item<bool>(), ends) << height;
}

/// The centre of mass of what hangs on body 1, and how it moves, from each body's own.
std::pair<std::array<double, 3>, std::array<double, 3>> center_of(
    const MujocoSimulation& simulation) {
  const mjModel& model = simulation.model();
  const std::unique_ptr<mjData, void (*)(mjData*)> data(mj_makeData(&model), mj_deleteData);
  std::copy_n(simulation.data().qpos, model.nq, data->qpos);
  std::copy_n(simulation.data().qvel, model.nv, data->qvel);
  mj_forward(&model, data.get());
  std::array<double, 3> place{}, speed{};
  double mass = 0;
  for (int i = 1; i < model.nbody; ++i) {
    mjtNum velocity[6];  // turning, moving
    mj_objectVelocity(&model, data.get(), mjOBJ_BODY, i, velocity, 0);
    for (size_t k = 0; k < 3; ++k) {
      place[k] += model.body_mass[i] * data->xipos[3 * static_cast<size_t>(i) + k];
      speed[k] += model.body_mass[i] * velocity[3 + k];
    }
    mass += model.body_mass[i];
  }
  for (size_t k = 0; k < 3; ++k) {
    place[k] /= mass;
    speed[k] /= mass;
  }
  return {place, speed};
}

TEST(MeTrpoTasks, ObserveTheCenterOfMassOfTheStateReached) {
  const auto simulation = find_task("me-trpo/ant").make_simulation({});
  auto& body = dynamic_cast<MujocoSimulation&>(*simulation);
  RandomStream random(1, "centers");
  body.reset(random);
  for (int t = 0; t < 5; ++t) {
    body.step(std::vector<double>{1, -1, 0.5, 0.2, -0.7, 0, 1, 1});
    const Tensor seen = task("me-trpo/ant")->observe(measured(body))[0];
    const auto [place, speed] = center_of(body);
    for (int64_t k = 0; k < 3; ++k) {
      EXPECT_NEAR(seen[k].item<double>(), place[static_cast<size_t>(k)], 1e-12);
      EXPECT_NEAR(seen[15 + k].item<double>(), speed[static_cast<size_t>(k)], 1e-12);
    }
  }
}

TEST(MeTrpoTasks, BeginInTheirOwnPoses) {
  RandomStream random(1, "poses");
  const auto mean = [&](const char* name) {
    const auto simulation = find_task(name).make_simulation({});
    Tensor sum = torch::zeros({1, simulation->measurement_size()}, torch::kFloat64);
    for (int i = 0; i < 200; ++i) {
      simulation->reset(random);
      sum += measured(*simulation);
    }
    return sum[0] / 200;
  };
  const Tensor ant = mean("me-trpo/ant");
  const double expected[] = {0, 0, 0.55, 1, 0, 0, 0, 0, 1, 0, -1, 0, -1, 0, 1};
  for (int64_t i = 0; i < 15; ++i) EXPECT_NEAR(ant[i].item<double>(), expected[i], 0.004) << i;
  // On its back: the head is no higher than the rest.
  EXPECT_LT(measured(*[&] {
              auto lying = find_task("me-trpo/humanoid").make_simulation({});
              lying->reset(random);
              return lying;
            }())[0][-1]
                .item<double>(),
            0.3);
}

}  // namespace
}  // namespace reverie
