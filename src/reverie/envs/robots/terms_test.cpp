// The numbers that a robot's file pays for: closed forms, gradients, and what a model is told.
#include <reverie/envs/robots/robot_fixture.h>
#include <reverie/envs/suites/registry.h>
#include <reverie/envs/task_entry.h>

namespace reverie {
namespace {

using namespace testing_robots;
using ::testing::HasSubstr;

/// What the reward is for the arm's joints at these positions (both observed), before and after.
double paid_for(const std::string& term, double shoulder, double elbow, double action = 0) {
  const auto task = task_of(basics + "[[reward]]\n" + term);
  const Tensor seen = torch::tensor({{shoulder, elbow}}, torch::kFloat64);
  return task->reward(seen, torch::full({1, 2}, action, torch::kFloat64), seen).item<double>();
}

TEST(RobotTerms, HaveTheirClosedForms) {
  const std::string both = "joint_position = \"all\"\n";
  EXPECT_NEAR(paid_for(both + "number = \"exp\"\nwidth = 2\n", 3, 4), std::exp(-2.5), 1e-12);
  const std::string tolerance = both + "number = \"tolerance\"\nflat = 1\nwidth = 4\n";
  EXPECT_EQ(paid_for(tolerance, 0.6, 0.8), 1);
  EXPECT_NEAR(paid_for(tolerance, 3, 4), 0.1, 1e-12);
  EXPECT_NEAR(paid_for(tolerance, 0, 3), std::pow(0.1, 0.25), 1e-12);
  EXPECT_EQ(paid_for(both + "number = \"within\"\nwidth = 5\nweight = 7\n", 3, 4), 7);
  EXPECT_EQ(paid_for(both + "number = \"within\"\nwidth = 4.9\nweight = 7\n", 3, 4), 0);
  const std::string elbow = "joint_position = \"elbow\"\n";
  EXPECT_NEAR(paid_for(elbow + "number = \"cosine\"\ntarget = 0.5\n", 9, 2), std::cos(1.5), 1e-12);
  EXPECT_NEAR(paid_for(elbow + "number = \"sine\"\ntarget = 0.5\n", 9, 2), std::sin(1.5), 1e-12);
  EXPECT_NEAR(paid_for(elbow + "weight = 3\ntimes = { joint_position = \"shoulder\", number = "
                               "\"squared\" }\n",
                       5, 2),
              150, 1e-12);
  EXPECT_NEAR(paid_for("bonus = true\nweight = 2\ntimes = [{ joint_position = \"shoulder\" }, { "
                       "action = true }]\n",
                       5, 2, 3),
              2 * 5 * (3 * 3 + 6 * 6), 1e-12)
      << "the elbow's range is +-2";
}

/// Real transitions of a file's robot under random actions, and what its task tells of them.
void expect_told_as_paid(const std::string& text, const std::string& body, double tolerance = 0) {
  const TaskEntry& entry = find_task(written(text, body));
  Environment environment(entry.make_task({}), entry.make_simulation({}));
  const Task& task = environment.task();
  ASSERT_TRUE(task.reward_is_told() && task.reward_is_exact()) << task.spec().description;
  RandomStream random(1, "resets"), actions(2, "actions");
  Tensor before = environment.reset(random);
  double spread = 0, first = 0;
  for (int t = 0; t < 60; ++t) {
    const Tensor action = actions.uniform({task.spec().action_size()}, -2.5, 2.5);
    const StepResult step = environment.step(action);
    const Tensor told = task.reward(before.unsqueeze(0), action.to(torch::kFloat64).unsqueeze(0),
                                    step.next_observation);
    EXPECT_NEAR(told.item<double>(), step.reward.item<double>(), tolerance) << t;
    EXPECT_TRUE(task.terminated(step.next_observation).equal(step.terminated)) << t;
    if (t == 0) first = step.reward.item<double>();
    spread = std::max(spread, std::abs(step.reward.item<double>() - first));
    const bool over = step.terminated.item<bool>() || step.truncated.item<bool>();
    before = over ? environment.reset(random) : step.next_observation[0];
  }
  EXPECT_GT(spread, 1e-3);
}

TEST(RobotTerms, AModelIsToldWhatTheSimulatorPays) {
  const std::string joints = basics + "[[observe]]\njoint_velocity = \"all\"\n";
  const std::string hand =
      "[[observe]]\nsite_position = \"hand\"\n[[observe]]\nsite_position = "
      "\"goal\"\n[[reward]]\nsite_position = \"hand\"\nminus = { "
      "site_position = \"goal\" }\n";
  for (const std::string number :
       {"number = \"exp\"\nwidth = 0.3\n", "number = \"tolerance\"\nwidth = 0.5\nflat = 0.1\n",
        "number = \"within\"\nwidth = 0.8\n"})
    expect_told_as_paid(joints + hand + number, arm);
  expect_told_as_paid(joints + hand +
                          "number = \"exp\"\nwidth = 0.3\ntimes = { joint_velocity = "
                          "\"elbow\", number = \"tolerance\", width = 3 }\n",
                      arm);
  expect_told_as_paid(joints + "[[reward]]\njoint_position = \"elbow\"\nnumber = \"cosine\"\n",
                      arm);
  const std::string turning =
      "body = \"body.xml\"\n[[observe]]\njoint_position = \"elbow\"\nfunction = \"sine\"\n"
      "[[observe]]\njoint_position = \"elbow\"\nfunction = \"cosine\"\n[[reward]]\n"
      "joint_position = \"elbow\"\nnumber = ";
  expect_told_as_paid(turning + "\"cosine\"\ntarget = 0.3\n", arm, 1e-14);
  expect_told_as_paid(turning + "\"sine\"\ntarget = 0.3\nat = \"before\"\n", arm, 1e-14);
  EXPECT_FALSE(task_of(turning + "\"linear\"\n")->reward_is_told());
}

const std::string from_hand_to_goal =
    "site_position = \"hand\"\nminus = { site_position = "
    "\"goal\" }\n";

// However the parts of an observation cut it up, what is seen is seen.
TEST(RobotTerms, WhatIsObservedInPiecesIsObserved) {
  const std::string joints = basics + "[[observe]]\njoint_velocity = \"all\"\n";
  const std::string far = "[[reward]]\n" + from_hand_to_goal + "number = \"norm\"\n";
  const auto pieces = [](const std::string& of) {
    std::string text;
    for (const char* component : {"z", "x", "y"})
      text += "[[observe]]\n" + of + "component = \"" + component + "\"\n";
    return text;
  };
  const std::string hand = "site_position = \"hand\"\n", goal = "site_position = \"goal\"\n";
  expect_told_as_paid(joints + pieces(hand) + pieces(goal) + far, arm);
  expect_told_as_paid(joints + pieces(hand) + "[[observe]]\n" + goal + far, arm);
  expect_told_as_paid(joints + pieces(from_hand_to_goal) + far, arm);
  expect_told_as_paid(joints + "[[observe]]\nsite_position = \"all\"\n" + far, arm);
  expect_told_as_paid(joints + "[[observe]]\nsite_position = \"all\"\n" + pieces(hand) + far, arm);
  expect_told_as_paid(
      "body = \"body.xml\"\n[[observe]]\njoint_position = [\"elbow\", "
      "\"shoulder\"]\n[[reward]]\njoint_position = \"all\"\nnumber = \"norm\"\n"
      "[[healthy]]\njoint_position = \"all\"\nbelow = 0.02\nabove = -0.02\n",
      arm);
  const std::string two = "[[observe]]\n" + hand + "component = [\"x\", \"y\"]\n";
  EXPECT_FALSE(task_of(joints + two + pieces(goal) + far)->reward_is_told());
}

// The same number twice: the one that is clipped less tells more.
TEST(RobotTerms, OfTwoThatAreObservedTheOneThatIsClippedLessCounts) {
  const std::string elbow = "joint_position = \"elbow\"\n";
  const std::string narrow = "[[observe]]\n" + elbow + "clip = 0.1\n";
  const std::string wide = "[[observe]]\n" + elbow, paid_elbow = "[[reward]]\n" + elbow;
  const std::string body = "body = \"body.xml\"\n";
  expect_told_as_paid(body + narrow + wide + paid_elbow, arm);
  expect_told_as_paid(body + wide + narrow + paid_elbow, arm);
  EXPECT_FALSE(task_of(body + narrow + paid_elbow)->reward_is_exact());
}

// A joint that is clipped turns the body less far than it is.
TEST(RobotTerms, UprightnessByClippedJointsIsNotExact) {
  const std::string leaning = R"(<mujoco><compiler autolimits="true" angle="radian"/><worldbody>
    <body name="pole"><joint name="lean" axis="0 1 0"/><geom size=".1"/></body></worldbody>
    <actuator><motor joint="lean" ctrlrange="-1 1"/></actuator></mujoco>)";
  const std::string observed = "body = \"body.xml\"\n[[observe]]\njoint_position = \"all\"\n";
  const std::string term = "[[reward]]\nupright = \"pole\"\nclip = 0.5\n";
  const auto clipped = task_of(observed + "clip = 1\n" + term, leaning);
  EXPECT_TRUE(clipped->reward_is_told());
  EXPECT_FALSE(clipped->reward_is_exact());
  EXPECT_TRUE(task_of(observed + term, leaning)->reward_is_exact());
  // Uprightness observed as such, and clipped no more than it is paid for.
  const std::string itself = "body = \"body.xml\"\n[[observe]]\nupright = \"pole\"\n";
  EXPECT_TRUE(task_of(itself + "clip = 0.5\n" + term, leaning)->reward_is_exact());
  EXPECT_FALSE(task_of(itself + "clip = 0.4\n" + term, leaning)->reward_is_exact());
}

TEST(RobotTerms, FallingIsToldByTiltAndCharged) {
  const std::string text = basics +
                           "[[observe]]\njoint_velocity = \"all\"\n[reset]\nvelocity_scale = 4\n"
                           "[[reward]]\nupright = \"trunk\"\n"
                           "[[reward]]\nbonus = true\nwhen_unhealthy = true\nweight = -50\n"
                           "[[healthy]]\nupright = \"trunk\"\nabove = 0.9\n";
  expect_told_as_paid(text, floating, 1e-12);
  const TaskEntry& entry = find_task(written(text, floating));
  Environment environment(entry.make_task({}), entry.make_simulation({}));
  RandomStream random(4, "resets");
  environment.reset(random);
  StepResult step;
  do step = environment.step(torch::zeros({1}));
  while (!step.terminated.item<bool>());
  EXPECT_LT(step.reward.item<double>(), -49);
  EXPECT_GT(environment.time(), 1);
}

TEST(RobotTerms, AChangeOfActionIsToldByTheActionBefore) {
  const std::string text =
      "body = \"body.xml\"\n[[observe]]\nprevious_action = true\n"
      "[[observe]]\njoint_position = \"all\"\n"
      "[[reward]]\naction_change = true\nweight = -1\n";
  expect_told_as_paid(text, arm);
  const TaskEntry& entry = find_task(written(text));
  Environment environment(entry.make_task({}), entry.make_simulation({}));
  RandomStream random(1, "reset");
  EXPECT_EQ(environment.reset(random).slice(0, 0, 2).abs().max().item<double>(), 0);
  // Of +-1 and +-2, and clipped to that.
  StepResult step = environment.step(torch::tensor({0.5, 9.0}));
  EXPECT_NEAR(step.reward.item<double>(), -(0.25 + 4), 1e-12);
  const Tensor given = torch::tensor({0.5, 2.0}, torch::kFloat64);
  EXPECT_TRUE(step.next_observation[0].slice(0, 0, 2).equal(given));
  step = environment.step(torch::tensor({-1.0, 0.5}));
  EXPECT_NEAR(step.reward.item<double>(), -(2.25 + 1), 1e-12);
  environment.reset(random);
  EXPECT_NEAR(environment.step(torch::tensor({1.0, 0.0})).reward.item<double>(), -1, 1e-12);
  EXPECT_THAT(complaint(basics + "[[reward]]\naction_change = true\n"),
              HasSubstr("robot.toml:5:17: a change of action is told by the action before"));
}

TEST(RobotTerms, GradientsAreFiniteDifferences) {
  const std::string elbow = "joint_position = \"elbow\"\n", both = "joint_position = \"all\"\n";
  for (const std::string& term :
       {both + "number = \"exp\"\nwidth = 2\n",
        both + "number = \"tolerance\"\nwidth = 2\nflat = 0.1\n",
        elbow + "number = \"cosine\"\ntarget = 1\n", elbow + "number = \"sine\"\n",
        both + "number = \"exp\"\nwidth = 1\ntimes = { action = true, number = \"squared\" }\n",
        both + "number = \"norm\"\ntimes = { joint_position = \"shoulder\", number = "
               "\"cosine\" }\n"}) {
    const auto task = task_of(basics + "[[reward]]\n" + term);
    std::vector<Tensor> rows;
    for (uint64_t i = 0; i < 3; ++i) {
      RandomStream random(i, "rows");
      rows.push_back(random.uniform({4, 2}, -2, 2).to(torch::kFloat64).requires_grad_(true));
    }
    const auto reward = [&] { return task->reward(rows[0], rows[1], rows[2]).sum(); };
    const auto gradients = torch::autograd::grad({reward()}, rows, {}, {}, false, true);
    const torch::NoGradGuard no_grad;
    for (size_t which = 0; which < 3; ++which)
      for (int64_t i = 0; i < 8; ++i) {
        const Tensor flat = rows[which].view(-1);
        const auto at = [&](double by) {
          flat[i] += by;
          const double value = reward().item<double>();
          flat[i] -= by;
          return value;
        };
        const double expected = (at(1e-6) - at(-1e-6)) / 2e-6;
        const double found =
            gradients[which].defined() ? gradients[which].view(-1)[i].item<double>() : 0;
        EXPECT_NEAR(found, expected, 1e-7) << term << which << " " << i;
      }
  }
}

TEST(RobotTerms, HealthCanBeADistance) {
  const std::string text =
      basics + paid + "[[healthy]]\njoint_position = \"all\"\nnumber = \"norm\"\nbelow = 5\n";
  const auto task = task_of(text);
  EXPECT_TRUE(task->end_is_exact());
  const Tensor seen = torch::tensor({{3.0, 3.9}, {3.0, 4.1}});
  EXPECT_TRUE(task->terminated(seen).equal(torch::tensor({false, true})));
}

const std::string low = "[[healthy]]\nsite_position = \"hand\"\ncomponent = \"y\"\nbelow = 0.6\n";

TEST(RobotTerms, UnseenHealthThatIsPaidForIsLearned) {
  const std::string fall = "[[reward]]\nbonus = true\nwhen_unhealthy = true\nweight = -1\n";
  EXPECT_FALSE(task_of(basics + fall + low)->reward_is_told());
  const std::string alive = "[[reward]]\nbonus = true\nwhile_healthy = true\n";
  EXPECT_TRUE(task_of(basics + alive + low)->reward_is_told()) << "the end stops it";
  const std::string endless = "ends_when_unhealthy = false\n" + basics + alive + low;
  EXPECT_FALSE(task_of(endless)->reward_is_told());
}

TEST(RobotTerms, AnEndThatIsNotObservedIsWarnedOf) {
  const auto task = task_of(basics + paid + low);
  EXPECT_FALSE(task->end_is_told());
  ASSERT_EQ(task->spec().warnings.size(), 1);
  EXPECT_THAT(task->spec().warnings[0],
              HasSubstr("([[observe]] site_position = \"hand\", component = 1)"));
  EXPECT_TRUE(task_of(basics + paid)->end_is_told());
}

TEST(RobotTerms, SeveralComponentsAreObservedAtOnce) {
  const auto task = task_of(
      "body = \"body.xml\"\n[[observe]]\njoint_position = \"trunk\"\n"
      "component = [6, \"z\"]\n" +
          paid,
      floating);
  EXPECT_EQ(task->spec().observation_size, 2);
  const Tensor row = torch::arange(22).to(torch::kFloat64).unsqueeze(0);
  EXPECT_TRUE(task->observe(row).equal(torch::tensor({{6.0, 2.0}}, torch::kFloat64)));
}

TEST(RobotTerms, MistakesHaveALine) {
  const auto said = [](const std::string& term) {
    return complaint(basics + "[[reward]]\n" + term);
  };
  const std::string elbow = "joint_position = \"elbow\"\n";
  EXPECT_THAT(said(elbow + "number = \"exp\"\n"), HasSubstr("number = \"exp\" needs a 'width'"));
  EXPECT_THAT(said(elbow + "width = 1\n"), HasSubstr("robot.toml:6:9: 'width' goes with number"));
  EXPECT_THAT(said(elbow + "number = \"exp\"\nwidth = 0\n"), HasSubstr("a number above 0"));
  EXPECT_THAT(said(elbow + "number = \"exp\"\nwidth = 1\nflat = 1\n"), HasSubstr("'flat' goes"));
  EXPECT_THAT(said(elbow + "number = \"sine\"\nclip = 1\n"), HasSubstr("'clip' means nothing"));
  EXPECT_THAT(said("upright = \"elbow\"\n"), HasSubstr("no body called 'elbow'"));
  EXPECT_THAT(said("upright = \"all\"\n"), HasSubstr("uprightness is of one body"));
  EXPECT_THAT(said(elbow + "times = 3\n"), HasSubstr("'times' takes a number: {"));
  EXPECT_THAT(said(elbow + "times = { bonus = true }\n"), HasSubstr("leave it out"));
  EXPECT_THAT(said(elbow + "times = { action = true, weight = 2 }\n"),
              HasSubstr("unknown key 'weight'"));
  EXPECT_THAT(said("bonus = true\nwhen_unhealthy = true\n"), HasSubstr("pays when_unhealthy"));
  const std::string clipped = "[[observe]]\nprevious_action = true\nclip = 1\n";
  EXPECT_THAT(complaint("body = \"body.xml\"\n" + clipped + paid),
              HasSubstr("'clip' means nothing to the action before"));
}

}  // namespace
}  // namespace reverie
