// Robots described in TOML are the tasks that they describe, and mistakes are met with one line.
#include <reverie/envs/robots/robot_fixture.h>
#include <reverie/envs/suites/registry.h>
#include <reverie/envs/task_entry.h>

namespace reverie {
namespace {

using namespace testing_robots;

TEST(RobotFile, TheExampleIsGymHopperBitForBit) {
  const TaskEntry& gym = find_task("gym/hopper");
  const TaskEntry& mine = find_task(REVERIE_TEST_DATA "/../../examples/hopper.toml");
  Environment theirs(gym.make_task({}), gym.make_simulation({}));
  Environment ours(mine.make_task({}), mine.make_simulation({}));
  EXPECT_EQ(ours.task().spec().horizon, 1000);
  EXPECT_EQ(ours.task().spec().action_low, theirs.task().spec().action_low);
  RandomStream a(3, "episodes"), b(3, "episodes"), actions(4, "actions");
  int episodes = 0;
  EXPECT_TRUE(theirs.reset(a).equal(ours.reset(b)));
  for (int t = 0; t < 400; ++t) {
    const Tensor action = actions.uniform({3}, -1.1, 1.1);
    const StepResult x = theirs.step(action), y = ours.step(action);
    ASSERT_TRUE(x.next_observation.equal(y.next_observation)) << t;
    ASSERT_TRUE(x.reward.equal(y.reward)) << t;
    ASSERT_TRUE(x.terminated.equal(y.terminated)) << t;
    const Tensor seen = x.next_observation;
    EXPECT_TRUE(theirs.task()
                    .reward(seen, action.unsqueeze(0), seen)
                    .equal(ours.task().reward(seen, action.unsqueeze(0), seen)));
    EXPECT_TRUE(theirs.task().terminated(seen).equal(ours.task().terminated(seen)));
    if (!x.terminated.item<bool>()) continue;
    ++episodes;
    EXPECT_TRUE(theirs.reset(a).equal(ours.reset(b)));
  }
  EXPECT_GT(episodes, 3);
}

// An arm stretched along x, elbow bent by 90 degrees: the hand is at (0.5, 0.5).
TEST(RobotFile, AnArmIsPaidAsItSays) {
  const TaskEntry& entry = find_task(written(R"(
    body = "body.xml"
    frame_skip = 2
    [[observe]]
    joint_position = ["elbow", "shoulder"]
    function = "cosine"
    [[observe]]
    site_position = "hand"
    minus = { site_position = "goal" }
    [[observe]]
    sensor = "spin"
    [[reward]]
    site_position = "hand"
    minus = { site_position = "goal" }
    number = "norm"
    weight = -2
    [[reward]]
    sensor = "spin"
    number = "absolute"
    target = 3
    [[reward]]
    action = true
    number = "squared"
    weight = -0.1
    [[healthy]]
    site_position = "hand"
    component = "y"
    below = 0.6
  )"));
  const auto task = entry.make_task({});
  EXPECT_EQ(task->spec().observation_size, 6);
  EXPECT_EQ(task->spec().action_high, (std::vector<double>{1, 1}));
  EXPECT_EQ(task->spec().actuator_high, (std::vector<double>{1, 2}));
  EXPECT_TRUE(task->reward_is_exact());
  const auto simulation = entry.make_simulation({});
  auto& arm = dynamic_cast<MujocoSimulation&>(*simulation);
  EXPECT_DOUBLE_EQ(arm.seconds_per_step(), 0.02);
  arm.place(std::vector<double>{0, M_PI / 2}, std::vector<double>{0, 1.25});
  Tensor measured = torch::empty({1, arm.measurement_size()}, torch::kFloat64);
  arm.measure({measured.data_ptr<double>(), static_cast<size_t>(measured.numel())});
  const Tensor seen = task->observe(measured);
  const Tensor expected = torch::tensor({0.0, 1.0, 0.2, 0.1, 0.0, 1.25}, torch::kFloat64);
  EXPECT_LT((seen[0] - expected).abs().max().item<double>(), 1e-12) << seen;
  const Tensor action = torch::tensor({{0.5, -0.5}}, torch::kFloat64);  // 0.5 and -1
  const double paid = -2 * std::sqrt(0.04 + 0.01) + std::abs(1.25 - 3) - 0.1 * 1.25;
  EXPECT_NEAR(task->measured_reward(measured, action, measured).item<double>(), paid, 1e-12);
  EXPECT_NEAR(task->reward(seen, action, seen).item<double>(), paid, 1e-12);
  EXPECT_FALSE(task->measured_terminated(measured).item<bool>());
  EXPECT_FALSE(task->end_is_exact()) << "the hand itself is not observed";
}

TEST(RobotFile, SaysWhereAModelHasToLearnTheReward) {
  const std::string text = basics + "[[reward]]\nsensor = \"spin\"\n";
  const auto task = find_task(written(text)).make_task({});
  EXPECT_FALSE(task->reward_is_told());
  EXPECT_THAT(task->spec().description, ::testing::HasSubstr("sensor of spin not observed"));
  const std::string rate = basics + "[[reward]]\njoint_position = \"elbow\"\nat = \"rate\"\n";
  EXPECT_TRUE(find_task(written(rate)).make_task({})->reward_is_told()) << "both are observed";
}

TEST(RobotFile, MistakesAreMetWithALine) {
  using ::testing::HasSubstr;
  EXPECT_EQ(complaint(basics + paid), "none");
  EXPECT_THAT(complaint("body = 3"), HasSubstr("robot.toml:1:8: 'body' takes the name"));
  EXPECT_THAT(complaint("body = \"leg.xml\""), HasSubstr("no MJCF file"));
  EXPECT_THAT(complaint("body = \"body.xml\"\nhorizn = 3\n" + basics.substr(18) + paid),
              HasSubstr("robot.toml:2:10: unknown key 'horizn'; did you mean 'horizon'"));
  EXPECT_THAT(complaint("body = \"body.xml\"\n" + paid), HasSubstr("observes nothing"));
  EXPECT_THAT(complaint(basics), HasSubstr("pays nothing"));
  EXPECT_THAT(
      complaint(basics + "[[reward]]\njoint_velocity = \"elbw\"\n"),
      HasSubstr("robot.toml:5:18: the body has no joint called 'elbw'; did you mean 'elbow'"));
  EXPECT_THAT(
      complaint("body = \"body.xml\"\n[[observe]]\njoint_position = [\"elbow\",\n\"wrist\"]\n"),
      HasSubstr("robot.toml:4:1: the body has no joint called 'wrist'"));
  EXPECT_THAT(complaint(basics + "[[reward]]\njoint_velocity = \"elbow\"\nsensor = \"spin\"\n"),
              HasSubstr("one quantity is enough: 'sensor'"));
  EXPECT_THAT(complaint(basics + "[[reward]]\naction = true\nnumber = \"cubed\"\n"),
              HasSubstr("'number' takes one of linear, squared, absolute, norm"));
  EXPECT_THAT(complaint(basics + "[[reward]]\naction = true\nnumber = \"nrom\"\n"),
              HasSubstr("not 'nrom'; did you mean 'norm'?"));
  EXPECT_THAT(complaint(basics + paid + "[reset]\npositon_scale = 0.1\n"),
              ::testing::EndsWith("unknown key 'positon_scale'; did you mean 'position_scale'?"));
  EXPECT_THAT(complaint(basics + "[observe]\njoint_velocity = \"all\"\n" + paid),
              HasSubstr("robot.toml:4:1: [observe] stands beside [[observe]]"));
  EXPECT_THAT(complaint(basics + paid + "[[healthy]]\njoint_position = \"elbow\"\n"),
              HasSubstr("'above', 'below' or both"));
  EXPECT_THAT(complaint(basics + paid + "[reset]\nposition_scale = -1\n"),
              HasSubstr("'position_scale' takes a number from 0"));
  EXPECT_THAT(complaint("body = "), HasSubstr("robot.toml:1:8"));
  EXPECT_THAT(complaint(basics + "[[reward]]\nsite_position = \"hand\"\ncomponent = 7\n"),
              HasSubstr("robot.toml:6:13: position of hand[7]: there are components 0 to 2"));
  EXPECT_THAT(complaint(basics + "[[reward]]\nbody_position = \"all\"\ncomponent = \"z\"\n"),
              HasSubstr("one component of them all says nothing"));
  EXPECT_THAT(complaint(basics + "[[reward]]\nsite_position = \"hand\"\nnumber = \"norm\"\n"
                                 "minus = { joint_position = \"elbow\" }\n"),
              HasSubstr("has 3 numbers, elbow 1: they can't be subtracted"));
  EXPECT_THAT(complaint(basics + "[[reward]]\nbonus = true\nnumber = \"squared\"\n"),
              HasSubstr("'number' means nothing to a bonus"));
  EXPECT_THAT(complaint(basics + "[[reward]]\nbonus = true\nweight = nan\n"),
              HasSubstr("'weight' takes a finite number"));
  EXPECT_THAT(complaint(basics + paid + "while_healthy = true\n"), HasSubstr("[[healthy]]"));
  EXPECT_THAT(complaint("body = \"body.xml\"\n[[observe]]\njoint_position = \"all\"\nclip = 0\n"),
              HasSubstr("'clip' takes a number above 0"));
  EXPECT_THAT(complaint("body = \"body.xml\"\n[[observe]]\njoint_positon = \"all\"\n"),
              HasSubstr("unknown key 'joint_positon'; did you mean 'joint_position'"));
  EXPECT_THAT(complaint("body = \"body.xml\"\nhorizon = true\n"),
              HasSubstr("'horizon' takes an int"));
  EXPECT_THAT(complaint("body = \"body.xml\"\nframe_skip = 1000000\n"),
              HasSubstr("from 1 to 10000"));
  EXPECT_THAT(complaint(basics + paid + "horizon = 5\n"),
              HasSubstr("robot.toml:6:11: 'horizon' belongs to the file"));
  EXPECT_THAT(complaint(""), HasSubstr("names its body"));
  EXPECT_THROW(find_task("/.toml"), Error);
  EXPECT_THROW(find_task("arm.xml"), UsageError);
  EXPECT_THROW(find_task("no_such.toml"), Error);
}

TEST(RobotFile, AJointWithoutANameGoesByItsBodys) {
  using ::testing::HasSubstr;
  const auto task = task_of(basics +
                                "[[observe]]\njoint_velocity = \"all\"\n[[reward]]\n"
                                "joint_velocity = \"trunk\"\ncomponent = \"x\"\n",
                            floating);
  EXPECT_TRUE(task->reward_is_exact());
  Tensor after = torch::zeros({1, 12 + 10}, torch::kFloat64);
  after[0][12] = 7;  // the first of the velocities
  EXPECT_EQ(task->reward(after, after.slice(1, 0, 1), after).item<double>(), 7);
  const std::string trunk = "[[reward]]\njoint_velocity = ";
  EXPECT_THAT(complaint(basics + trunk + "\"trnk\"\n", floating),
              HasSubstr("robot.toml:5:18: the body has no joint called 'trnk'; did you mean "
                        "'trunk'? (it has knee, ankle; without names, by their bodies': trunk)"));
  const std::string two = R"(<mujoco><worldbody><body name="cup"><joint type="slide"/>
    <joint axis="1 0 0"/><geom size=".1"/></body></worldbody></mujoco>)";
  EXPECT_THAT(complaint(basics + trunk + "\"cup\"\n", two), HasSubstr("cup has several joints"));
}

TEST(RobotFile, HealthIsOfDifferencesToo) {
  const std::string text = basics + paid +
                           "[[observe]]\nsite_position = \"hand\"\n"
                           "[[observe]]\nsite_position = \"goal\"\n"
                           "[[healthy]]\nsite_position = \"hand\"\n"
                           "minus = { site_position = \"goal\" }\n"
                           "component = \"y\"\nbelow = 0.25\n";
  const auto task = task_of(text);
  EXPECT_TRUE(task->end_is_exact());
  EXPECT_THAT(task->spec().description,
              ::testing::HasSubstr("while (y of position of hand - y of position of goal)"));
  // joints, hand, goal
  const Tensor seen = torch::tensor(
      {{0.0, 0.0, 9.0, 1.0, 9.0, 0.0, 0.8, 0.0}, {0.0, 0.0, 9.0, 1.0, 9.0, 0.0, 0.7, 0.0}},
      torch::kFloat64);
  for (const auto type : {torch::kFloat32, torch::kFloat64})
    EXPECT_TRUE(task->terminated(seen.to(type)).equal(torch::tensor({false, true})));
  const TaskEntry& entry = find_task(written(text));
  Environment environment(entry.make_task({}), entry.make_simulation({}));
  RandomStream random(1, "arm");
  environment.reset(random);  // the hand at (1, 0), the goal at (0.3, 0.4)
  int steps = 1;
  while (!environment.step(torch::ones({2})).terminated.item<bool>()) ++steps;
  const Tensor measured = environment.measurement();
  const Tensor end = environment.task().observe(measured)[0];
  EXPECT_GE((end[3] - end[6]).item<double>(), 0.25);
  EXPECT_GT(steps, 3);
}

TEST(RobotFile, TheQuantityThatIsNotObservedIsBlamed) {
  using ::testing::HasSubstr;
  using ::testing::Not;
  const auto task = task_of(basics +
                            "[[observe]]\nsite_position = \"hand\"\n[[reward]]\n"
                            "site_position = \"hand\"\nminus = { site_position = \"goal\" }\n"
                            "number = \"norm\"\n");
  EXPECT_FALSE(task->reward_is_told());
  EXPECT_THAT(task->spec().description, HasSubstr("; position of goal not observed"));
}

TEST(RobotFile, ABodyThatCannotMoveIsRefused) {
  const std::string still = "<mujoco><worldbody><geom size=\".1\"/></worldbody></mujoco>";
  EXPECT_THAT(complaint(basics + paid, still),
              ::testing::HasSubstr("robot.toml:1:8: body.xml has no joints: nothing in it can"));
}

}  // namespace
}  // namespace reverie
