// How a robot's file says that episodes begin: poses, noise of each joint.
#include <reverie/envs/robots/robot_fixture.h>

namespace reverie {
namespace {

using namespace testing_robots;
using ::testing::HasSubstr;

/// qpos after each of so many resets: [n, nq].
Tensor starts(Environment& environment, int64_t n, uint64_t seed = 1) {
  RandomStream random(seed, "resets");
  std::vector<Tensor> rows;
  for (int64_t i = 0; i < n; ++i) {
    environment.reset(random);
    rows.push_back(environment.measurement()[0].slice(0, 0, 12).clone());
  }
  return torch::stack(rows);
}

TEST(RobotReset, BeginsInAKeyframeOrAPose) {
  Environment home = world_of(basics + paid + "[reset]\nkeyframe = \"home\"\n", floating);
  const Tensor expected =
      torch::tensor({0., 0., .8, 1., 0., 0., 0., -1.5, 1., 0., 0., 0.}, torch::kFloat64);
  EXPECT_TRUE(starts(home, 1)[0].equal(expected));
  Environment posed = world_of(basics + paid +
                                   "[reset]\nkeyframe = \"home\"\n"
                                   "pose = { knee = -0.5, trunk = [1, 2, 3], "
                                   "ankle = [0, 0, 3, 4] }\n",
                               floating);
  const Tensor mixed =
      torch::tensor({1., 2., 3., 1., 0., 0., 0., -0.5, 0., 0., 0.6, 0.8}, torch::kFloat64);
  EXPECT_TRUE(starts(posed, 1)[0].equal(mixed)) << starts(posed, 1);
}

TEST(RobotReset, EachJointHasItsNoise) {
  Environment environment = world_of(
      basics + paid +
          "[reset]\nkeyframe = \"home\"\nposition_scale = { knee = 0.3, trunk = [1, 0, 0, 0, 0, "
          "0, 0], others = 0 }\nvelocity_noise = \"normal\"\nvelocity_scale = { others = 2, "
          "knee = 0 }\n",
      floating);
  const Tensor spread = starts(environment, 300) - starts(environment, 1)[0];
  const Tensor width = spread.amax(0) - spread.amin(0);
  EXPECT_NEAR(width[0].item<double>(), 2, 0.1);
  EXPECT_NEAR(width[7].item<double>(), 0.6, 0.05);
  EXPECT_EQ(width.slice(0, 1, 7).abs().max().item<double>(), 0);
  RandomStream random(1, "velocities");
  environment.reset(random);
  const Tensor velocity = environment.measurement()[0].slice(0, 12, 22);
  EXPECT_EQ(velocity[6].item<double>(), 0);
  EXPECT_GT(velocity.slice(0, 0, 6).abs().min().item<double>(), 0);
}

TEST(RobotReset, AJointOutsideItsRangeIsWarnedOf) {
  const std::string bent = R"(<mujoco><compiler autolimits="true"/><worldbody>
    <body><joint name="knee" range="-150 -48"/><geom size=".1"/></body></worldbody>
    <actuator><motor joint="knee" ctrlrange="-1 1"/></actuator></mujoco>)";
  const auto warnings = task_of(basics + paid, bent)->spec().warnings;
  ASSERT_EQ(warnings.size(), 1);
  EXPECT_THAT(warnings[0], HasSubstr("joint knee starts at 0, outside its range -2.618 to -0.83"));
  const std::string posed = basics + paid + "[reset]\npose = { knee = -1 }\n";
  EXPECT_TRUE(task_of(posed, bent)->spec().warnings.empty());
}

TEST(RobotReset, MistakesHaveALine) {
  const auto said = [](const std::string& text) {
    return complaint(basics + paid + text, floating);
  };
  EXPECT_THAT(said("[reset]\nkeyframe = \"hme\"\n"),
              HasSubstr("robot.toml:7:12: the body has no keyframe called 'hme'; did you mean "
                        "'home'? (it has home)"));
  EXPECT_THAT(said("[reset]\npose = { kne = 1 }\n"), HasSubstr("no joint called 'kne'"));
  EXPECT_THAT(said("[reset]\npose = { knee = [1, 2] }\n"), HasSubstr("'knee' takes one number"));
  EXPECT_THAT(said("[reset]\npose = { trunk = 1 }\n"), HasSubstr("3 numbers, or 7"));
  EXPECT_THAT(said("[reset]\npose = { ankle = [0, 0, 0, 0] }\n"), HasSubstr("quaternion of zeros"));
  EXPECT_THAT(said("[reset]\nposition_scale = { knee = -1 }\n"), HasSubstr("a number from 0"));
  EXPECT_THAT(said("[reset]\nposition_scale = { knie = 1 }\n"), HasSubstr("called 'knie'"));
}

}  // namespace
}  // namespace reverie
