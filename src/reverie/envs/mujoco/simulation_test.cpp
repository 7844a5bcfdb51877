#include <reverie/core/error.h>
#include <reverie/envs/environment.h>
#include <reverie/envs/mujoco/simulation.h>
#include <reverie/envs/robots/own_robot_fixture.h>
#include <reverie/envs/suites/registry.h>
#include <reverie/envs/task_entry.h>

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

namespace reverie {
namespace {

constexpr ResetNoise still{ResetNoise::Kind::uniform, 0, ResetNoise::Kind::uniform, 0};

std::vector<double> measured(const Simulation& simulation) {
  std::vector<double> out(static_cast<size_t>(simulation.measurement_size()));
  simulation.measure(out);
  return out;
}

TEST(MujocoSimulation, ClipsControlsToTheirRange) {
  MujocoSimulation a({.body = "half_cheetah.xml", .frame_skip = 5, .reset = still}, {});
  MujocoSimulation b({.body = "half_cheetah.xml", .frame_skip = 5, .reset = still}, {});
  EXPECT_DOUBLE_EQ(a.seconds_per_step(), 0.05);
  a.step(std::vector<double>{1, -1, 0.5, 1, -1, 0});
  b.step(std::vector<double>{7, -2, 0.5, 1.5, -1e300, 0});
  EXPECT_EQ(measured(a), measured(b));
  EXPECT_THROW(a.step(std::vector<double>(5)), std::invalid_argument);
}

TEST(MujocoSimulation, NoiseIsAsWide) {
  constexpr ResetNoise noise{ResetNoise::Kind::uniform, 0.1, ResetNoise::Kind::normal, 0.2};
  MujocoSimulation simulation({.body = "hopper.xml", .frame_skip = 4, .reset = noise}, {});
  RandomStream random(1, "noise");
  constexpr int count = 2000;
  double position_sum = 0, position_squares = 0, widest = 0, velocity_squares = 0;
  for (int i = 0; i < count; ++i) {
    simulation.reset(random);
    const std::vector<double> m = measured(simulation);
    const double height = m[1] - 1.25;  // the hopper stands at 1.25 m
    position_sum += height;
    position_squares += height * height;
    widest = std::max(widest, std::abs(height));
    velocity_squares += m[7] * m[7];
  }
  EXPECT_NEAR(position_sum / count, 0, 0.005);
  EXPECT_NEAR(std::sqrt(position_squares / count), 0.1 / std::sqrt(3), 0.003);
  EXPECT_LE(widest, 0.1);
  EXPECT_NEAR(std::sqrt(velocity_squares / count), 0.2, 0.01);
}

TEST(MujocoSimulation, ADisabledActuatorGivesNoForce) {
  EnvConfig config;
  config.disabled_actuator = 2;
  MujocoSimulation crippled({.body = "half_cheetah.xml", .frame_skip = 5, .reset = still}, config);
  MujocoSimulation sound({.body = "half_cheetah.xml", .frame_skip = 5, .reset = still}, {});
  crippled.step(std::vector<double>{0.3, -0.5, 1, 0.2, 0.1, 0});
  sound.step(std::vector<double>{0.3, -0.5, 0, 0.2, 0.1, 0});
  EXPECT_EQ(measured(crippled), measured(sound));
}

TEST(MujocoSimulation, FallsAsGravitySays) {
  for (const double factor : {0.0, 1.0, 2.0}) {
    EnvConfig config;
    config.gravity_scale = factor;
    MujocoSimulation simulation({.body = "half_cheetah.xml", .frame_skip = 1, .reset = still},
                                config);
    const std::vector<double> zero(9, 0.0);
    std::vector<double> aloft = zero;
    aloft[1] = 10;
    simulation.place(aloft, zero);
    for (int i = 0; i < 10; ++i) simulation.step(std::vector<double>(6));
    EXPECT_NEAR(measured(simulation)[9 + 1], -9.81 * factor * 0.1, 1e-9);
  }
}

TEST(MujocoSimulation, DivergenceIsAnErrorOfOneLine) {
  const std::filesystem::path before = std::filesystem::current_path();
  const std::filesystem::path empty = testing::fresh_folder();
  std::filesystem::current_path(empty);  // where MuJoCo would write its log

  const TaskEntry& entry = find_task("rllib/half-cheetah");
  Environment environment(entry.make_task({}), entry.make_simulation({}));
  RandomStream random(1, "divergence");
  environment.reset(random);
  std::vector<double> state = environment.simulation().state();
  state[9] = 1e9;  // a velocity that no body survives
  state[12] = -1e9;
  environment.simulation().restore(state);
  try {
    for (int i = 0; i < 20; ++i) environment.step(torch::zeros({6}));
    FAIL();
  } catch (const NonFiniteError& error) {
    const std::string message = error.what();
    EXPECT_EQ(message.find('\n'), std::string::npos);
    EXPECT_EQ(message.find("the simulation diverged"), 0u) << message;
    EXPECT_NE(message.find("of rllib/half-cheetah"), std::string::npos) << message;
  }
  environment.reset(random);
  environment.step(torch::zeros({6}));

  EXPECT_TRUE(std::filesystem::is_empty(empty));
  std::filesystem::current_path(before);
  std::filesystem::remove(empty);
}

TEST(MujocoSimulation, RefusesTheStateOfAnotherBody) {
  MujocoSimulation cheetah({.body = "half_cheetah.xml", .frame_skip = 5, .reset = still}, {});
  MujocoSimulation hopper({.body = "hopper.xml", .frame_skip = 4, .reset = still}, {});
  EXPECT_THROW(cheetah.restore(hopper.state()), std::invalid_argument);
}

}  // namespace
}  // namespace reverie
