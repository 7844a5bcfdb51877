// What a robot's file puts somewhere else in each episode.
#include <reverie/core/archive.h>
#include <reverie/envs/mujoco/simulation.h>
#include <reverie/envs/robots/robot_fixture.h>

namespace reverie {
namespace {

using namespace testing_robots;
using ::testing::HasSubstr;

const mjData& data_of(Environment& environment) {
  return dynamic_cast<MujocoSimulation&>(environment.simulation()).data();
}

const std::string goals =
    "[[observe]]\nsite_position = \"goal\"\n[[observe]]\nsite_position = \"mark\"\n"
    "[[goal]]\nsite = \"goal\"\nfrom = [-1, 2, 3]\nto = [1, 2, 4]\n"
    "[[goal]]\nsite = \"mark\"\nfrom = [5, 5, 5]\nto = [6, 6, 6]\n"
    "[[reward]]\nsite_position = \"middle\"\nminus = { site_position = \"goal\" }\n"
    "number = \"norm\"\nweight = -1\n[[observe]]\nsite_position = \"middle\"\n";

TEST(RobotGoal, GoalsAreDrawnEachEpisodeAndStay) {
  Environment environment = world_of(basics + goals, floating);
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
  Environment other = world_of(basics + goals, floating);
  for (int episode = 0; episode < 3; ++episode) {
    const Tensor mine = other.reset(again);
    RandomStream same(3, "episodes");
    Tensor theirs;
    for (int i = 0; i <= episode; ++i) theirs = environment.reset(same);
    EXPECT_TRUE(mine.equal(theirs)) << "by the reset's stream alone";
  }
}

TEST(RobotGoal, AnEpisodeWithGoalsIsRestoredBitForBit) {
  const std::string text = basics + goals + "[reset]\nkeyframe = \"home\"\nvelocity_scale = 0.1\n";
  Environment one = world_of(text, floating), two = world_of(text, floating);
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

TEST(RobotGoal, AJointCanBeTheGoal) {
  Environment environment =
      world_of(basics + paid + "[[goal]]\njoint = \"knee\"\nfrom = -2\nto = -1\n", floating);
  RandomStream random(1, "resets");
  Tensor knee = torch::empty({100}, torch::kFloat64);
  for (int64_t i = 0; i < 100; ++i) {
    environment.reset(random);
    knee[i] = environment.measurement()[0][7];
  }
  EXPECT_LT(knee.max().item<double>(), -1);
  EXPECT_GT(knee.min().item<double>(), -2);
  EXPECT_GT(knee.std().item<double>(), 0.2);
}

TEST(RobotGoal, AGoalThatNobodySeesIsWarnedOf) {
  const std::string goal = "[[goal]]\nsite = \"goal\"\nfrom = [0, 0, 0]\nto = [1, 1, 1]\n";
  const auto blind = task_of(basics + paid + goal, floating)->spec().warnings;
  ASSERT_EQ(blind.size(), 1);
  EXPECT_THAT(blind[0], HasSubstr("goal goal is elsewhere in each episode, but not observed"));
  const std::string seen = "[[observe]]\nbody_position = \"target\"\n";
  EXPECT_TRUE(task_of(basics + seen + paid + goal, floating)->spec().warnings.empty());
}

// Each way in which an observation can depend on where a goal is, and ways in which it can't.
TEST(RobotGoal, WhatIsObservedTellsAGoalWhereItDependsOnIt) {
  const auto seen = [](const std::string& goal, const std::string& observed) {
    const std::string body = R"(<mujoco><compiler autolimits="true"/>
      <worldbody><site name="mark"/><site name="stone"/>
        <body name="target" mocap="true"><site name="goal"/><site name="beside" pos="1 0 0"/>
          <geom name="ball" size=".1" contype="0"/></body>
        <body name="cart"><joint name="x" type="slide" axis="1 0 0"/><geom size=".1"/>
          <body name="pole"><joint name="turn"/><geom size=".1" pos="0 0 1"/>
            <site name="tip" pos="0 0 1"/></body></body></worldbody>
      <tendon><spatial name="string"><site site="tip"/><site site="goal"/></spatial>
        <fixed name="gear"><joint joint="turn" coef="2"/></fixed></tendon>
      <actuator><motor name="push" joint="x" ctrlrange="-1 1"/></actuator>
      <sensor><jointpos name="x" joint="x"/><jointvel name="speed" joint="x"/>
        <jointpos name="turn" joint="turn"/><clock name="clock"/>
        <framepos name="tip" objtype="site" objname="tip"/>
        <framepos name="from goal" objtype="site" objname="tip" reftype="site" refname="goal"/>
        <framepos name="ball" objtype="geom" objname="ball"/>
        <framequat name="way" objtype="body" objname="target"/>
        <framequat name="pole's way" objtype="body" objname="pole"/>
        <tendonpos name="string" tendon="string"/><tendonpos name="gear" tendon="gear"/>
        <actuatorpos name="push" actuator="push"/><subtreecom name="whole" body="cart"/>
        <user name="own" objtype="body" objname="pole" needstage="pos" datatype="real" dim="1"/>
      </sensor></mujoco>)";
    const auto warnings = task_of("body = \"body.xml\"\n[[observe]]\n" + observed + "\n" + paid +
                                      "[[goal]]\n" + goal + "\n",
                                  body)
                              ->spec()
                              .warnings;
    for (const std::string& warning : warnings)
      EXPECT_THAT(warning, HasSubstr("is elsewhere in each episode, but not observed"));
    return warnings.empty();
  };
  const auto sensor = [](const std::string& name) { return "sensor = \"" + name + "\""; };
  const std::string place = "from = [0, 0, 0]\nto = [1, 1, 1]";
  const std::string goal = "site = \"goal\"\n" + place, mark = "site = \"mark\"\n" + place;
  const std::string target = "body = \"target\"\n" + place,
                    turn = "joint = \"turn\"\nfrom = 0\nto = 1";
  for (const std::string& moved : {goal, target}) {
    for (const char* told : {"from goal", "ball", "string", "own", "all"})
      EXPECT_TRUE(seen(moved, sensor(told))) << moved << told;
    for (const char* blind : {"x", "speed", "turn", "clock", "tip", "way", "gear", "push", "whole"})
      EXPECT_FALSE(seen(moved, sensor(blind))) << moved << blind;
    EXPECT_TRUE(seen(moved, "site_position = \"beside\""));
    EXPECT_TRUE(seen(moved, "site_position = \"tip\"\nminus = { site_position = \"goal\" }"));
    EXPECT_FALSE(seen(moved, "site_position = \"mark\""));
    EXPECT_FALSE(seen(moved, "joint_position = \"all\""));
  }
  EXPECT_TRUE(seen(mark, "site_position = \"mark\""));
  EXPECT_TRUE(seen(mark, "site_position = \"all\""));
  for (const char* blind :
       {"site_position = \"stone\"", "body_position = \"world\"", "sensor = \"from goal\""})
    EXPECT_FALSE(seen(mark, blind)) << blind;
  for (const char* told : {"turn", "tip", "from goal", "pole's way", "string", "gear", "whole"})
    EXPECT_TRUE(seen(turn, sensor(told))) << told;
  for (const char* blind : {"x", "speed", "clock", "ball", "push", "way"})
    EXPECT_FALSE(seen(turn, sensor(blind))) << blind;
  for (const char* told : {"site_position = \"tip\"", "upright = \"pole\"",
                           "center_of_mass = \"cart\"", "joint_position = \"turn\""})
    EXPECT_TRUE(seen(turn, told)) << told;
  for (const char* blind : {"upright = \"cart\"", "body_position = \"cart\"",
                            "joint_velocity = \"turn\"", "joint_position = \"x\""})
    EXPECT_FALSE(seen(turn, blind)) << blind;
}

TEST(RobotGoal, MistakesHaveALine) {
  const auto said = [](const std::string& text) {
    return complaint(basics + paid + text, floating);
  };
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
