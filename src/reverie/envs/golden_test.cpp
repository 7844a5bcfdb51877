// Our bodies and systems move as Gymnasium's do.
#include <reverie/envs/golden_file.h>
#include <reverie/envs/mujoco_simulation.h>
#include <reverie/envs/suites.h>

#include <gtest/gtest.h>

#include <cmath>

namespace reverie {
namespace {

/// Rows of `width` numbers.
std::span<const double> row(const std::vector<double>& values, size_t i, size_t width) {
  return std::span(values).subspan(i * width, width);
}

double largest_difference(std::span<const double> a, std::span<const double> b) {
  double largest = a.size() == b.size() ? 0.0 : INFINITY;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

Tensor as_tensor(std::span<const double> values) {
  return torch::tensor(std::vector<double>(values.begin(), values.end()), torch::kFloat64);
}

std::vector<double> measured(const Simulation& simulation) {
  std::vector<double> out(static_cast<size_t>(simulation.measurement_size()));
  simulation.measure(out);
  return out;
}

/// A task's simulation, which must be MuJoCo's, placed at the start of a golden trajectory.
std::unique_ptr<Simulation> placed(const TaskEntry& entry, const GoldenFile& golden) {
  std::unique_ptr<Simulation> simulation = entry.make_simulation({});
  dynamic_cast<MujocoSimulation&>(*simulation).place(golden["position"], golden["velocity"]);
  return simulation;
}

/// Follows Gymnasium's MJCF as MuJoCo 2.2.2 runs it: the version of Debian's package. Contacts make
/// motions chaotic, so that roundings in the last place grow; other versions drift sooner.
void follow_mujoco(const TaskEntry& entry, const std::string& file, double tolerance,
                   size_t steps_of_other_versions) {
  const GoldenFile golden(file);
  const auto simulation = placed(entry, golden);
  const auto actions = static_cast<size_t>(entry.spec.action_size());
  const size_t positions = golden["position"].size();
  const size_t velocities = golden["velocity"].size();
  size_t steps = golden["actions"].size() / actions;
  if (mj_version() != 222) steps = steps_of_other_versions;
  for (size_t t = 0; t < steps; ++t) {
    simulation->step(row(golden["actions"], t, actions));
    const std::vector<double> now = measured(*simulation);
    const std::span<const double> all(now);
    ASSERT_LT(largest_difference(all.first(positions), row(golden["positions"], t, positions)),
              tolerance)
        << "positions at step " << t;
    ASSERT_LT(largest_difference(all.subspan(positions), row(golden["velocities"], t, velocities)),
              tolerance)
        << "velocities at step " << t;
  }
}

TEST(GoldenTrajectory, HalfCheetahFollowsGymnasiumsBody) {
  follow_mujoco(gym_half_cheetah(), "half_cheetah_mujoco.txt", 1e-10, 40);
}

TEST(GoldenTrajectory, HopperFollowsGymnasiumsBody) {
  follow_mujoco(rllib_hopper(), "hopper_mujoco.txt", 1e-10, 9);
}

// Gymnasium 1.4.0 with MuJoCo 4.0.0. The half-cheetah moves the same in both versions of MuJoCo.
TEST(GoldenTrajectory, HalfCheetahIsRewardedAsInGymnasium) {
  const GoldenFile golden("half_cheetah_gymnasium.txt");
  const TaskEntry entry = gym_half_cheetah();
  const auto simulation = placed(entry, golden);
  Environment environment(entry.make_task({}), entry.make_simulation({}));
  RandomStream random(0, "test");
  environment.reset(random);
  environment.simulation().restore(simulation->state());
  for (size_t t = 0; t < golden["rewards"].size(); ++t) {
    const StepResult result = environment.step(as_tensor(row(golden["actions"], t, 6)));
    const Tensor expected = as_tensor(row(golden["observations"], t, 17));
    ASSERT_LT((result.next_observation[0] - expected).abs().max().item<double>(), 1e-9) << t;
    ASSERT_NEAR(result.reward.item<double>(), golden["rewards"][t], 1e-9) << t;
    ASSERT_FALSE(result.terminated.item<bool>());
  }
}

// The hopper's contacts differ between versions of MuJoCo, by some 0.1 in a velocity where the foot
// strikes; before it does, in step 10, the two agree. What is observed and when it falls is
// compared on Gymnasium's own states later on.
TEST(GoldenTrajectory, HopperObservesAndFallsAsInGymnasium) {
  const GoldenFile golden("hopper_gymnasium.txt");
  const TaskEntry entry = rllib_hopper();
  const auto simulation = placed(entry, golden);
  const auto task = entry.make_task({});
  for (size_t t = 0; t < 9; ++t) {
    simulation->step(row(golden["actions"], t, 3));
    const Tensor observation = task->observe(as_tensor(measured(*simulation)).unsqueeze(0));
    const Tensor expected = as_tensor(row(golden["observations"], t, 11));
    ASSERT_LT((observation[0] - expected).abs().max().item<double>(), 1e-11) << t;
  }
  const auto steps = static_cast<int64_t>(golden["terminated"].size());
  const Tensor observations = as_tensor(golden["observations"]).reshape({steps, 11});
  const Tensor expected = as_tensor(golden["terminated"]).to(torch::kBool);
  EXPECT_TRUE(expected.any().item<bool>());
  EXPECT_TRUE(task->terminated(observations).equal(expected));
}

TEST(GoldenTrajectory, PendulumIsGymnasiums) {
  const GoldenFile golden("pendulum_gymnasium.txt");
  const TaskEntry entry = classic_pendulum();
  Environment environment(entry.make_task({}), entry.make_simulation({}));
  RandomStream random(0, "test");
  environment.reset(random);
  environment.simulation().restore(golden["state"]);
  for (size_t t = 0; t < golden["rewards"].size(); ++t) {
    const StepResult result = environment.step(as_tensor(row(golden["actions"], t, 1)));
    ASSERT_LT(largest_difference(measured(environment.simulation()), row(golden["states"], t, 2)),
              1e-9)
        << t;
    ASSERT_NEAR(result.reward.item<double>(), golden["rewards"][t], 1e-9) << t;
  }
}

TEST(GoldenTrajectory, CartPoleIsGymnasiums) {
  const GoldenFile golden("cartpole_gymnasium.txt");
  const TaskEntry entry = classic_cartpole();
  const auto simulation = entry.make_simulation({});
  const auto task = entry.make_task({});
  simulation->restore(golden["state"]);
  for (size_t t = 0; t < golden["actions"].size(); ++t) {
    simulation->step(row(golden["actions"], t, 1));
    const std::vector<double> state = measured(*simulation);
    ASSERT_LT(largest_difference(state, row(golden["states"], t, 4)), 1e-9) << t;
    ASSERT_EQ(task->terminated(as_tensor(state).unsqueeze(0)).item<bool>(),
              golden["terminated"][t] != 0)
        << t;
  }
}

}  // namespace
}  // namespace reverie
