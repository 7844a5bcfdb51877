// Simulations that leave the numbers: an error that says what to do, or the end of an episode.
#include <reverie/core/error.h>
#include <reverie/envs/pool.h>
#include <reverie/envs/robots/own_robot_fixture.h>
#include <reverie/envs/suites/registry.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace reverie {
namespace {

using testing::environment_of;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::written_robot;

/// A grain under a motor that is far too strong for the time step: full torque breaks it at once, a
/// little does not.
const std::string grain = R"(<mujoco><compiler autolimits="true"/><option timestep="0.05"/>
  <worldbody><body><joint name="j" axis="0 1 0"/>
  <geom type="sphere" size="0.01" mass="0.0001" pos=".1 0 0"/></body></worldbody>
  <actuator><motor joint="j" ctrlrange="-1 1" gear="100000"/></actuator></mujoco>)";
const std::string basics =
    "[[observe]]\njoint_position = \"all\"\n[[observe]]\njoint_velocity = \"all\"\n";
const std::string paid = "[[reward]]\nbonus = true\n";

std::string complaint(Environment& environment, double action) {
  RandomStream random(1, "reset");
  environment.reset(random);
  try {
    for (int t = 0; t < 20; ++t) environment.step(torch::full({1}, action));
  } catch (const NonFiniteError& error) {
    return error.what();
  }
  return "none";
}

TEST(Divergence, TheErrorSaysWhatToChange) {
  Environment environment = environment_of(written_robot(grain, basics + paid));
  EXPECT_FALSE(environment.task().terminates());
  const std::string message = complaint(environment, 1);
  for (const char* word : {"the simulation diverged", "at step", "robot.toml", "timestep",
                           "frame_skip", "gains", "ends_when_diverged = true"})
    EXPECT_THAT(message, HasSubstr(word));
  EXPECT_THAT(message, Not(HasSubstr("\n")));
  EXPECT_EQ(complaint(environment, 1e-9), "none");
}

TEST(Divergence, EndsAnEpisodeWhereTheFileSaysSo) {
  for (const std::string& healthy :
       {std::string("[[healthy]]\njoint_velocity = \"j\"\nbelow = 1e9\n"), std::string()}) {
    const std::string key = healthy.empty() ? "ends_when_diverged = true\n" : "";
    const std::string file = written_robot(grain, key + basics + paid + healthy);
    Environment environment = environment_of(file);
    EXPECT_TRUE(environment.task().terminates());
    EXPECT_THAT(environment.task().spec().description, HasSubstr("diverges"));
    RandomStream random(1, "reset");
    const Tensor first = environment.reset(random);
    const Tensor still = environment.step(torch::full({1}, 1e-9)).next_observation;
    EXPECT_FALSE(environment.task().measured_terminated(environment.measurement()).item<bool>());
    const StepResult broken = environment.step(torch::ones({1}));
    EXPECT_TRUE(broken.terminated.item<bool>());
    EXPECT_TRUE(broken.next_observation.equal(still)) << "the last sound state";
    // A state saved there is that state.
    const std::vector<double> state = environment.simulation().state();
    const Tensor before = environment.measurement();
    environment.reset(random);
    environment.simulation().restore(state);
    EXPECT_TRUE(environment.measurement().equal(before));
    environment.reset(random);
    EXPECT_FALSE(environment.step(torch::full({1}, 1e-9)).terminated.item<bool>());
  }
}

TEST(Divergence, ItCanBeAnErrorInSpiteOfHealthyRanges) {
  Environment environment = environment_of(
      written_robot(grain, "ends_when_diverged = false\n" + basics + paid +
                               "[[healthy]]\njoint_velocity = \"j\"\nbelow = 1e9\n"));
  EXPECT_THAT(complaint(environment, 1), HasSubstr("diverged"));
}

TEST(Divergence, NothingIsPaidForAHealthThatWasLost) {
  const std::string file =
      written_robot(grain, basics +
                               "[[reward]]\nbonus = true\nwhile_healthy = true\n[[healthy]]\n"
                               "joint_velocity = \"j\"\nbelow = 1e9\n");
  Environment environment = environment_of(file);
  RandomStream random(1, "reset");
  environment.reset(random);
  EXPECT_EQ(environment.step(torch::zeros({1})).reward.item<double>(), 1);
  EXPECT_EQ(environment.step(torch::ones({1})).reward.item<double>(), 0);
}

TEST(Divergence, APoolGoesOnWithTheNextEpisode) {
  for (const int64_t repeat : {1, 3}) {
    EnvConfig config;
    config.action_repeat = repeat;
    const std::string file = written_robot(grain, "ends_when_diverged = true\n" + basics + paid);
    EnvironmentPool pool(find_task(file), config, 3, RandomStream(1, "pool"));
    pool.reset();
    const Tensor action = torch::tensor({0.0, 1.0, 0.0}).unsqueeze(1);
    for (int t = 0; t < 4; ++t) {
      const StepResult step = pool.step(action);
      EXPECT_TRUE(step.next_observation.isfinite().all().item<bool>());
      EXPECT_TRUE(step.terminated.equal(torch::tensor({false, true, false}))) << t;
    }
  }
}

TEST(Divergence, ARewardThatIsNoNumberIsNoticed) {
  const std::string mild =
      R"(<mujoco><worldbody><body><joint name="j" axis="0 1 0"/><geom size="0.1" pos=".1 0 0"/>
      </body></worldbody><actuator><motor joint="j" ctrlrange="-1 1" ctrllimited="true"/>
      </actuator></mujoco>)";
  const std::string file =
      written_robot(mild, basics + "[[reward]]\njoint_velocity = \"j\"\nweight = 1e300\n");
  Environment environment = environment_of(file);
  EXPECT_THAT(complaint(environment, 1), HasSubstr("the reward is"));
  EnvironmentPool pool(find_task(file), {}, 2, RandomStream(1, "pool"));
  pool.reset();
  try {
    pool.step(torch::tensor({0.0, 1.0}).unsqueeze(1));
    pool.step(torch::tensor({0.0, 1.0}).unsqueeze(1));
    FAIL();
  } catch (const NonFiniteError& error) {
    EXPECT_THAT(error.what(), HasSubstr("the reward is"));
    EXPECT_THAT(error.what(), HasSubstr("at step 0 of"));
    EXPECT_THAT(error.what(), HasSubstr("(environment"));
  }
}

}  // namespace
}  // namespace reverie
