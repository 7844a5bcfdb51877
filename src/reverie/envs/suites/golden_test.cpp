// Our bodies and systems move as Gymnasium's do.
#include <reverie/envs/environment.h>
#include <reverie/envs/mujoco/simulation.h>
#include <reverie/envs/suites/golden_file.h>
#include <reverie/envs/suites/registry.h>
#include <reverie/envs/task_entry.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace reverie {
namespace {

/// Rows of `width` numbers.
std::span<const double> row(const std::vector<double>& values, size_t i, size_t width) {
  return std::span(values).subspan(i * width, width);
}

double largest_difference(std::span<const double> a, std::span<const double> b) {
  double largest = a.size() == b.size() ? 0.0 : INFINITY;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    largest = std::max(largest, std::isnan(a[i]) ? INFINITY : std::abs(a[i] - b[i]));
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

/// An environment in an episode, to be put where a trajectory begins.
Environment begun(const std::string& task, const EnvConfig& config = {}) {
  const TaskEntry& entry = find_task(task);
  Environment environment(entry.make_task(config), entry.make_simulation(config));
  RandomStream random(0, "test");
  environment.reset(random);
  return environment;
}

/// Where the trajectories of Gymnasium's MuJoCo tasks lie: the repository's, or the ones that
/// scripts/oracle/align.sh has just made.
std::filesystem::path trajectories() {
  const char* folder = std::getenv("REVERIE_GOLDEN");
  return folder ? std::filesystem::path(folder)
                : std::filesystem::path(REVERIE_TEST_DATA) / "envs/suites/golden";
}

/// "gym_half_cheetah_v5" and the like.
std::vector<std::string> trajectory_names() {
  std::vector<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(trajectories()))
    if (file.path().filename().string().starts_with("gym_"))
      names.push_back(file.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

class GymTrajectory : public testing::TestWithParam<std::string> {
 protected:
  std::string task_name() const {
    std::string name = GetParam().substr(4, GetParam().size() - 7);
    std::replace(name.begin(), name.end(), '_', '-');
    return "gym/" + name;
  }
};

/// Relative to the larger, but for small numbers.
double relative_difference(double a, double b) {
  const double difference = std::abs(a - b) / std::max({1.0, std::abs(a), std::abs(b)});
  return std::isnan(difference) ? INFINITY : difference;
}

/// The trajectory of that name in this version of MuJoCo, where there is one.
GoldenFile trajectory(const std::string& name) {
  GoldenFile golden((trajectories() / (name + ".txt")).string());
  const auto later = trajectories() / "mujoco_4" / (name + ".txt");
  if (golden["mujoco"][0] != mj_version() && std::filesystem::exists(later))
    return GoldenFile(later.string());
  return golden;
}

// Observations, rewards and ends of Gymnasium's own environment, in the same version of MuJoCo.
// MuJoCo 4 resolves the contacts of these three otherwise than 2.2.2, and has files of its own; the
// others move alike in both.
TEST_P(GymTrajectory, IsGymnasiums) {
  const GoldenFile golden = trajectory(GetParam());
  const bool rough =
      task_name() == "gym/ant" || task_name() == "gym/hopper" || task_name() == "gym/humanoid";
  const bool refused = GetParam() == "gym_pusher_v4" && mj_version() >= 300;
  if ((golden["mujoco"][0] != mj_version() && rough) || refused)
    GTEST_SKIP() << "made with another version of MuJoCo";

  EnvConfig config;
  config.version = GetParam().back() - '0';
  Environment environment = begun(task_name(), config);
  auto& simulation = dynamic_cast<MujocoSimulation&>(environment.simulation());
  simulation.place(golden["position"], golden["velocity"]);

  const TaskSpec& spec = environment.task().spec();
  const auto size = static_cast<size_t>(spec.observation_size);
  const auto every = static_cast<size_t>(golden["every"][0]);
  double worst = 0;
  for (size_t t = 0; t < golden["rewards"].size(); ++t) {
    std::vector<double> action(spec.action_high);
    const auto turns = row(golden["actions"], t, action.size());
    for (size_t i = 0; i < action.size(); ++i) action[i] *= turns[i] / 64;
    const StepResult result = environment.step(as_tensor(action));
    worst =
        std::max(worst, relative_difference(result.reward.item<double>(), golden["rewards"][t]));
    if (t % every == 0) {
      const auto expected = row(golden["observations"], t / every, size);
      const double* seen = result.next_observation.data_ptr<double>();
      for (size_t i = 0; i < size; ++i)
        worst = std::max(worst, relative_difference(seen[i], expected[i]));
    }
    ASSERT_LT(worst, 1e-6) << "step " << t;
    ASSERT_EQ(result.terminated.item<bool>(), golden["terminated"][t] != 0) << "step " << t;
  }
  RecordProperty("steps", static_cast<int>(golden["rewards"].size()));
  std::printf("%zu steps, largest relative difference %.2g\n", golden["rewards"].size(), worst);
}

INSTANTIATE_TEST_SUITE_P(Gymnasium, GymTrajectory, testing::ValuesIn(trajectory_names()),
                         [](const auto& test) { return test.param; });

TEST(GoldenTrajectory, PendulumIsGymnasiums) {
  const GoldenFile golden(golden_file("pendulum_gymnasium.txt"));
  Environment environment = begun("classic/pendulum");
  environment.simulation().restore(golden["state"]);
  for (size_t t = 0; t < golden["rewards"].size(); ++t) {
    const StepResult result = environment.step(as_tensor(row(golden["actions"], t, 1)));
    ASSERT_LT(largest_difference(measured(environment.simulation()), row(golden["states"], t, 2)),
              1e-9)
        << t;
    ASSERT_NEAR(result.reward.item<double>(), golden["rewards"][t], 1e-9) << t;
  }
}

/// Follows a system of the classic suite, whose state Gymnasium gives.
void follow_classic(const std::string& task_name, const std::string& file, size_t size,
                    double tolerance) {
  const GoldenFile golden(golden_file(file));
  Environment environment = begun(task_name);
  environment.simulation().restore(golden["state"]);
  for (size_t t = 0; t < golden["rewards"].size(); ++t) {
    const StepResult result = environment.step(as_tensor(row(golden["actions"], t, 1)));
    ASSERT_LT(
        largest_difference(measured(environment.simulation()), row(golden["states"], t, size)),
        tolerance)
        << t;
    ASSERT_NEAR(result.reward.item<double>(), golden["rewards"][t], tolerance) << t;
    ASSERT_EQ(result.terminated.item<bool>(), golden["terminated"][t] != 0) << t;
  }
  EXPECT_TRUE(golden["terminated"].back() != 0) << "the episode is to end";
}

TEST(GoldenTrajectory, AcrobotIsGymnasiums) {
  follow_classic("classic/acrobot", "acrobot_gymnasium.txt", 4, 1e-9);
}

// Gymnasium keeps this state in float32.
TEST(GoldenTrajectory, MountainCarIsGymnasiums) {
  follow_classic("classic/mountain-car", "mountain_car_gymnasium.txt", 2, 1e-5);
}

TEST(GoldenTrajectory, CartPoleIsGymnasiums) {
  const GoldenFile golden(golden_file("cartpole_gymnasium.txt"));
  const TaskEntry& entry = find_task("classic/cartpole");
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
