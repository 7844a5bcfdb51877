// `reverie info my_robot.toml`, and the examples in it.
#include <reverie/envs/mujoco/body.h>
#include <reverie/envs/robots/info.h>
#include <reverie/envs/robots/robot_fixture.h>
#include <reverie/envs/suites/registry.h>
#include <reverie/envs/task_entry.h>

namespace reverie {
namespace {

using namespace testing_robots;
using ::testing::HasSubstr;

TEST(RobotInfo, SaysHowAFileWasUnderstood) {
  const std::string text = robot_info(
      written("body = \"body.xml\"\nframe_skip = 2\nhorizon = 250\n"
              "[reset]\nkeyframe = \"home\"\nposition_scale = 0.1\n"
              "[[goal]]\nsite = \"goal\"\nfrom = [0, 0, 1]\nto = [1, 0, 1]\n"
              "[[observe]]\njoint_position = \"all\"\n"
              "[[observe]]\njoint_velocity = [\"knee\"]\nclip = 10\n"
              "[[observe]]\nsite_position = \"middle\"\nminus = { site_position = \"goal\" }\n"
              "[[observe]]\nupright = \"trunk\"\n"
              "[[reward]]\nsite_position = \"middle\"\nminus = { site_position = \"goal\" }\n"
              "number = \"exp\"\nwidth = 0.5\n"
              "[[healthy]]\nbody_position = \"trunk\"\ncomponent = \"z\"\nabove = 0.2\n",
              floating));
  for (const char* line :
       {"3 joints, 1 actuator,", "acts by  1 number, each",
        "50 Hz: a step is 0.02 s, 2 of MuJoCo's own of 0.01 s", "250 steps at most, 5 s",
        "observes 17 numbers", "  0..6     trunk: x, y, z, then its quaternion's w, x, y, z\n",
        "  7        knee, -2.618 to 1.047", "  8..11    ankle: its quaternion's w, x, y, z\n",
        "  12       velocity of knee, clipped to +-10",
        "  13..15   position of middle - position of goal",
        "  16       uprightness of trunk, -1 to 1", "  0        push, on knee, -1 to 1",
        "in keyframe home, positions +- 0.1", "goal, drawn from (0, 0, 1) to (1, 0, 1)",
        "exp(-|(position of middle - position of goal)| / 0.5)",
        "goes on while 0.2 < z of position of trunk",
        "is told the reward, and learns the end\n         z of position of "
        "trunk not observed, so that a model has to learn the end\n",
        "warning: what ends an episode is not observed"})
    EXPECT_THAT(text, HasSubstr(line));
}

TEST(RobotInfo, NamesWhatAJointsNumbersAre) {
  const std::string text = robot_info(
      written("body = \"body.xml\"\n[[observe]]\njoint_velocity = [\"trunk\", \"ankle\"]\n"
              "[[observe]]\njoint_position = \"trunk\"\ncomponent = [2, 3, 6]\n" +
                  paid,
              floating));
  for (const char* line :
       {"  0..5     velocity of trunk: along x, y, z, then turning about its own",
        "  6..8     velocity of ankle: turning about its own x, y, z\n", "  9        z of trunk\n",
        "  10       trunk[3]: w of its quaternion\n", "  11       trunk[6]: z of its quaternion\n"})
    EXPECT_THAT(text, HasSubstr(line));
}

TEST(RobotInfo, WarnsOfARobotThatBeginsAtItsEnd) {
  const std::string end = basics + paid + "[[healthy]]\njoint_position = \"elbow\"\n";
  const std::string warning = "warning: the 8 first states that were tried already end an episode";
  EXPECT_THAT(robot_info(written(end + "above = 0.5\n")), HasSubstr(warning));
  EXPECT_THAT(robot_info(written(end + "above = -0.5\n")), ::testing::Not(HasSubstr(warning)));
}

TEST(RobotInfo, AnActuatorMayTakeSeveralControls) {
  if (mj_version() < 400) GTEST_SKIP() << "MuJoCo " << mj_versionString() << " has none";
  const std::string file = written(
      basics + paid,
      "<mujoco><compiler autolimits='true'/><worldbody><body pos='0 0 1'>"
      "<joint name='shoulder' type='ball'/><geom fromto='0 0 0 0 0 -.5' type='capsule' size='.03'/>"
      "<body pos='0 0 -.5'><joint name='elbow' axis='0 1 0'/>"
      "<geom fromto='0 0 0 0 0 -.5' type='capsule' size='.03'/></body></body></worldbody><actuator>"
      "<orientation name='aim' joint='shoulder' kp='3' ctrlrange='-1 1'/>"
      "<motor name='bend' joint='elbow' ctrlrange='-2 2'/></actuator></mujoco>");
  const std::string text = robot_info(file);
  EXPECT_THAT(text, HasSubstr("2 joints, 2 actuators"));
  EXPECT_THAT(text, HasSubstr("acts by  4 numbers"));
  EXPECT_THAT(text, HasSubstr("  2        aim, -1 to 1\n"));
  EXPECT_THAT(text, HasSubstr("  3        bend, on elbow, -2 to 2\n"));

  const std::filesystem::path body = std::filesystem::path(file).parent_path() / "body.xml";
  const auto limb = limbs(*mujoco_body(body.string()));
  ASSERT_EQ(limb.size(), 1u);
  EXPECT_EQ(limb[0].actuators, std::vector<int>{1}) << "the motor, by its own number";
  EnvConfig config;
  config.disabled_actuator = 2;
  EXPECT_THROW(find_task(file).make_simulation(config), UsageError);
  config.disabled_actuator = 1;
  const auto without = find_task(file).make_simulation(config);
  EXPECT_EQ(without->body()->actuator_gainprm[mjNGAIN], 0);
}

TEST(RobotInfo, TheExamplesAreUnderstood) {
  const std::string folder = REVERIE_TEST_DATA "/../../examples/";
  for (const char* name : {"hopper.toml", "balancer.toml"}) {
    const std::string text = robot_info(folder + name);
    EXPECT_THAT(text, HasSubstr("is told the reward and the end"));
    EXPECT_THAT(text, ::testing::Not(HasSubstr("warning")));
  }
  EXPECT_THAT(robot_info(folder + "balancer.toml"),
              HasSubstr("reference pose, positions +- root (0, 0, 0, 0, 0, 0.05, 0)\n"));
  const auto task = find_task(folder + "balancer.toml").make_task({});
  EXPECT_EQ(task->spec().observation_size, 4 + 3 + 2 + 2);
}

TEST(RobotInfo, TheBalancerFallsIfLeftAlone) {
  const TaskEntry& entry = find_task(REVERIE_TEST_DATA "/../../examples/balancer.toml");
  Environment environment(entry.make_task({}), entry.make_simulation({}));
  const Task& task = environment.task();
  EXPECT_TRUE(task.reward_is_exact() && task.end_is_exact());
  RandomStream random(1, "resets");
  for (int episode = 0; episode < 5; ++episode) {
    Tensor before = environment.reset(random);
    StepResult step;
    do {
      step = environment.step(torch::zeros({2}));
      const Tensor told = task.reward(before.unsqueeze(0), torch::zeros({1, 2}, torch::kFloat64),
                                      step.next_observation);
      EXPECT_NEAR(told.item<double>(), step.reward.item<double>(), 1e-12);
      before = step.next_observation[0];
    } while (!step.terminated.item<bool>() && !step.truncated.item<bool>());
    EXPECT_TRUE(step.terminated.item<bool>());
    EXPECT_LT(environment.time(), 150);
    EXPECT_LT(step.reward.item<double>(), -9);
  }
}

}  // namespace
}  // namespace reverie
