// How a robot's file says that episodes begin: poses, noise of each joint, goals.
#include <reverie/core/archive.h>
#include <reverie/data/rollout.h>
#include <reverie/envs/mujoco_simulation.h>
#include <reverie/envs/robot_fixture.h>
#include <reverie/envs/world.h>

namespace reverie {
namespace {

using namespace testing_robots;
using ::testing::HasSubstr;

Environment environment_of(const std::string& text, const std::string& body) {
  const TaskEntry& entry = find_task(written(text, body));
  return {entry.make_task({}), entry.make_simulation({})};
}

const mjData& data_of(Environment& environment) {
  return dynamic_cast<MujocoSimulation&>(environment.simulation()).data();
}

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
  Environment home = environment_of(basics + paid + "[reset]\nkeyframe = \"home\"\n", floating);
  const Tensor expected =
      torch::tensor({0., 0., .8, 1., 0., 0., 0., -1.5, 1., 0., 0., 0.}, torch::kFloat64);
  EXPECT_TRUE(starts(home, 1)[0].equal(expected));
  Environment posed = environment_of(basics + paid +
                                         "[reset]\nkeyframe = \"home\"\n"
                                         "pose = { knee = -0.5, trunk = [1, 2, 3], "
                                         "ankle = [0, 0, 3, 4] }\n",
                                     floating);
  const Tensor mixed =
      torch::tensor({1., 2., 3., 1., 0., 0., 0., -0.5, 0., 0., 0.6, 0.8}, torch::kFloat64);
  EXPECT_TRUE(starts(posed, 1)[0].equal(mixed)) << starts(posed, 1);
}

TEST(RobotReset, EachJointHasItsNoise) {
  Environment environment = environment_of(
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

const std::string goals =
    "[[observe]]\nsite_position = \"goal\"\n[[observe]]\nsite_position = \"mark\"\n"
    "[[goal]]\nsite = \"goal\"\nfrom = [-1, 2, 3]\nto = [1, 2, 4]\n"
    "[[goal]]\nsite = \"mark\"\nfrom = [5, 5, 5]\nto = [6, 6, 6]\n"
    "[[reward]]\nsite_position = \"middle\"\nminus = { site_position = \"goal\" }\n"
    "number = \"norm\"\nweight = -1\n[[observe]]\nsite_position = \"middle\"\n";

TEST(RobotReset, GoalsAreDrawnEachEpisodeAndStay) {
  Environment environment = environment_of(basics + goals, floating);
  EXPECT_TRUE(environment.task().spec().warnings.empty());
  EXPECT_TRUE(environment.task().reward_is_exact());
  RandomStream random(3, "episodes"), again(3, "episodes"), actions(1, "actions");
  Tensor lowest = torch::full({6}, 1e9, torch::kFloat64), highest = -lowest;
  for (int episode = 0; episode < 40; ++episode) {
    const Tensor first = environment.reset(random);
    const Tensor place = first.slice(0, 12, 18).clone();
    lowest = torch::minimum(lowest, place);
    highest = torch::maximum(highest, place);
    Tensor before = first;
    for (int t = 0; t < 5; ++t) {
      const StepResult step = environment.step(actions.uniform({1}, -1, 1));
      EXPECT_TRUE(step.next_observation[0].slice(0, 12, 18).equal(place)) << "to the last bit";
      EXPECT_TRUE(environment.task()
                      .reward(before.unsqueeze(0), torch::zeros({1, 1}), step.next_observation)
                      .equal(step.reward));
      before = step.next_observation[0];
    }
    // Where MuJoCo has it, for a picture: the mocap body half a metre below its site.
    EXPECT_NEAR(data_of(environment).mocap_pos[2], place[2].item<double>() - 0.5, 1e-12);
    EXPECT_EQ(environment.simulation().pose().placed.mocap[0], place[0].item<double>());
    EXPECT_EQ(environment.simulation().pose().placed.marks[0].at[1], place[4].item<double>());
  }
  const Tensor low = torch::tensor({-1., 2., 3., 5., 5., 5.}, torch::kFloat64);
  const Tensor high = torch::tensor({1., 2., 4., 6., 6., 6.}, torch::kFloat64);
  EXPECT_TRUE((lowest >= low - 1e-9).all().item<bool>());
  EXPECT_TRUE((highest <= high + 1e-9).all().item<bool>());
  EXPECT_LT((lowest - low).max().item<double>(), 0.2);
  EXPECT_LT((high - highest).max().item<double>(), 0.2);
  Environment other = environment_of(basics + goals, floating);
  for (int episode = 0; episode < 3; ++episode) {
    const Tensor mine = other.reset(again);
    RandomStream same(3, "episodes");
    Tensor theirs;
    for (int i = 0; i <= episode; ++i) theirs = environment.reset(same);
    EXPECT_TRUE(mine.equal(theirs)) << "by the reset's stream alone";
  }
}

TEST(RobotReset, AnEpisodeWithGoalsIsRestoredBitForBit) {
  const std::string text = basics + goals + "[reset]\nkeyframe = \"home\"\nvelocity_scale = 0.1\n";
  Environment one = environment_of(text, floating), two = environment_of(text, floating);
  RandomStream random(5, "episode"), actions(2, "actions");
  one.reset(random);
  two.reset(random);
  for (int t = 0; t < 3; ++t) one.step(actions.uniform({1}, -1, 1));
  Archive saved;
  one.serialize(saved);
  Archive read = Archive::from_bytes(saved.bytes());
  two.serialize(read);
  for (int t = 0; t < 20; ++t) {
    const Tensor action = actions.uniform({1}, -1, 1);
    const StepResult a = one.step(action), b = two.step(action);
    ASSERT_TRUE(a.next_observation.equal(b.next_observation)) << t;
    ASSERT_TRUE(a.reward.equal(b.reward)) << t;
  }
  EXPECT_EQ(data_of(one).mocap_pos[0], data_of(two).mocap_pos[0]);
}

TEST(RobotReset, AJointCanBeTheGoal) {
  Environment environment = environment_of(
      basics + paid + "[[goal]]\njoint = \"knee\"\nfrom = -2\nto = -1\n", floating);
  const Tensor knee = starts(environment, 100).select(1, 7);
  EXPECT_LT(knee.max().item<double>(), -1);
  EXPECT_GT(knee.min().item<double>(), -2);
  EXPECT_GT(knee.std().item<double>(), 0.2);
}

TEST(RobotReset, AGoalThatNobodySeesIsWarnedOf) {
  const std::string goal = "[[goal]]\nsite = \"goal\"\nfrom = [0, 0, 0]\nto = [1, 1, 1]\n";
  const auto blind = task_of(basics + paid + goal, floating)->spec().warnings;
  ASSERT_EQ(blind.size(), 1);
  EXPECT_THAT(blind[0], HasSubstr("goal goal is elsewhere in each episode, but not observed"));
  const std::string seen = "[[observe]]\nbody_position = \"target\"\n";
  EXPECT_TRUE(task_of(basics + seen + paid + goal, floating)->spec().warnings.empty());
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
  const std::string range = "from = [0, 0, 0]\nto = [1, 1, 1]\n";
  EXPECT_THAT(said("[[goal]]\nsite = \"middle\"\n" + range),
              HasSubstr("robot.toml:7:8: site 'middle' moves with trunk"));
  EXPECT_THAT(said("[[goal]]\nbody = \"foot\"\n" + range), HasSubstr("give it mocap=\"true\""));
  EXPECT_THAT(said("[[goal]]\njoint = \"ankle\"\nfrom = 0\nto = 1\n"), HasSubstr("turns or fl"));
  EXPECT_THAT(said("[[goal]]\nsite = \"mark\"\n"), HasSubstr("'from' one place 'to' another"));
  EXPECT_THAT(said("[[goal]]\nsite = \"mark\"\nfrom = 1\nto = [1, 1, 1]\n"),
              HasSubstr("3 numbers"));
  EXPECT_THAT(said("[[goal]]\nsite = \"mark\"\nfrom = [2, 0, 0]\nto = [1, 1, 1]\n"),
              HasSubstr("nowhere less"));
  EXPECT_THAT(said("[[goal]]\nsite = \"mark\"\nbody = \"target\"\n" + range),
              HasSubstr("'body' is the second"));
}

}  // namespace
}  // namespace reverie
