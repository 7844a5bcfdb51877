// A run from its start to whatever is done with it later, by the real program.
#include <reverie/cli/program_fixture.h>

#include <csignal>
#include <fstream>

namespace reverie::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(ProgramTest, ARobotThatIsOddOrHasChangedIsSaid) {
  std::ofstream(root_ / "arm.xml") << R"(<mujoco><worldbody><body><joint name="elbow"/>
    <geom type="capsule" size="0.02" fromto="0 0 0 0.5 0 0"/></body></worldbody>
    <actuator><motor joint="elbow" ctrlrange="-1 1" ctrllimited="true"/></actuator></mujoco>)";
  const auto write_robot = [&](double above) {
    std::ofstream(root_ / "arm.toml") << "body = \"arm.xml\"\nhorizon = 20\n[[observe]]\n"
                                         "joint_position = \"all\"\n[[reward]]\naction = true\n"
                                         "[[healthy]]\njoint_position = \"elbow\"\n"
                                      << "above = " << above << "\n";
  };
  write_robot(0.5);
  auto arguments = training("arm", "500");
  arguments[2] = "arm.toml";
  const pid_t child = start(arguments);
  await(child, fs::path("arm") / "config.toml");
  std::ofstream(root_ / "arm.toml", std::ios::app) << "above = nonsense\n";  // for the next run
  const ProgramResult trained = finish(child);
  EXPECT_EQ(trained.code, 0) << trained.err;
  write_robot(0.5);
  EXPECT_THAT(trained.out, HasSubstr("first states that were tried already end an episode"));
  EXPECT_THAT(trained.out, HasSubstr("500 were asked for"));
  EXPECT_THAT(run({"eval", "arm"}).err, Not(HasSubstr("changed")));
  write_robot(-0.5);
  const ProgramResult evaluated = run({"eval", "arm"});
  EXPECT_EQ(evaluated.code, 0);
  EXPECT_THAT(evaluated.err, HasSubstr("arm.toml or its MJCF has changed since the run began"));
  EXPECT_THAT(run({"train", "--config", "arm", "--out", "arm-again"}).out,
              HasSubstr("has changed since the run began: this goes by the run's own copy"));
  const ProgramResult resumed = run({"resume", "arm"});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_THAT(resumed.out, HasSubstr("has changed since the run began"));
  fs::remove(root_ / "arm.toml");
  EXPECT_EQ(run({"eval", "arm"}).err, "") << "the run has its own";
  expect_error({"eval", "arm", "--set", "policy.init_std=3"}, 2, {"policy.init_std", "env."});
}

TEST_F(ProgramTest, AFinishedRunSaysSoAndGoesFurtherWhenAsked) {
  ASSERT_EQ(run(training("a")).code, 0);
  for (const char* file : {"config.toml", "run.sqlite", "summary.json", "policy.pt"})
    EXPECT_TRUE(fs::exists(root_ / "a" / file)) << file;
  expect_error(training("a"), 1, {"resume a"});
  const ProgramResult again = run({"resume", "a"});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("finished"));
  const std::string less = run({"resume", "a", "--steps", "1k"}).out;
  EXPECT_THAT(less, HasSubstr("real steps, which is more than 1000: nothing is left to do"));
  EXPECT_THAT(run({"info", "a"}).out, Not(HasSubstr("go on with")));
  const std::string before = last_checkpoint("a");
  EXPECT_EQ(run({"resume", "a", "--steps", "3k"}).code, 0);
  EXPECT_NE(last_checkpoint("a"), before);
  const ProgramResult eval = run({"eval", "a", "--episodes", "3", "--stochastic"});
  EXPECT_EQ(eval.code, 0) << eval.err;
  EXPECT_THAT(eval.out, HasSubstr("return"));
  const std::string told = run({"info", "a"}).out;
  for (const char* figure :
       {"\n  real return  ", "\n  episode length  ", "\n  error on new data  "})
    EXPECT_THAT(told, HasSubstr(figure));
  EXPECT_EQ(run({"train", "--config", "a/config.toml", "--out", "b"}).code, 0);
  EXPECT_EQ(last_checkpoint("b"), last_checkpoint("a")) << "config.toml must repeat the run";
  EXPECT_THAT(read_file(root_ / "a" / "config.toml"), HasSubstr("preset = \"none\""));
}

TEST_F(ProgramTest, DamagedCheckpointsFallBackOrSaySo) {
  ASSERT_EQ(run(training("a")).code, 0);
  const std::string whole = last_checkpoint("a");
  const Checkpoints checkpoints(root_ / "a" / "checkpoints");
  const auto numbers = checkpoints.numbers();
  ASSERT_EQ(numbers.size(), 2u);
  fs::resize_file(checkpoints.path(numbers[1]), 500);
  const ProgramResult resumed = run({"resume", "a"});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_THAT(resumed.out, HasSubstr("warning: checkpoint"));
  EXPECT_EQ(last_checkpoint("a"), whole);
  for (const int64_t number : checkpoints.numbers()) fs::resize_file(checkpoints.path(number), 500);
  expect_error({"resume", "a"}, 1, {"no checkpoint", "usable"});
  expect_error({"eval", "a"}, 1, {"no checkpoint", "usable"});
}

TEST_F(ProgramTest, WhatIsMissingOfARunIsSaid) {
  ASSERT_EQ(run(training("a")).code, 0);
  expect_error({"resume", "a/config.toml"}, 1, {"a/config.toml is a file"});
  fs::remove(root_ / "a" / "run.sqlite");
  const ProgramResult resumed = run({"resume", "a", "--steps", "3k"});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_THAT(resumed.out, HasSubstr("warning: a/run.sqlite lacked"));
  fs::remove_all(root_ / "a" / "checkpoints");
  expect_error({"resume", "a"}, 1, {"a/checkpoints holds no checkpoint", "put it back"});
  EXPECT_EQ(run({"info", "a"}).code, 0);
  std::ofstream(root_ / "a" / "config.toml") << "task = \"classic/pendulum\"\n";
  expect_error({"resume", "a"}, 2, {"a/config.toml names no method"});
}

// A run's first file must not become its standard output.
TEST_F(ProgramTest, ClosedDescriptorsStayNobodys) {
  std::string command = fmt::format("'{}'", REVERIE_BINARY);
  for (const auto& argument : training((root_ / "a").string(), "600"))
    command += " '" + argument + "'";
  EXPECT_EQ(WEXITSTATUS(std::system((command + " <&- >&- 2>&-").c_str())), 0);
  const std::string lock = read_file(root_ / "a" / "lock");
  EXPECT_EQ(lock.find_first_not_of("0123456789\n"), std::string::npos) << lock;
  EXPECT_EQ(std::count(lock.begin(), lock.end(), '\n'), 1) << lock;
}

TEST_F(ProgramTest, AnAdaptedPolicyIsKeptAndARunStartsFromAnother) {
  ASSERT_EQ(run(training("a", "500")).code, 0);
  expect_error({"eval", "a", "--save"}, 2, {"--adapt"});
  expect_error({"eval", "a", "--set", "model.hidden=[8]"}, 2,
               {"model.hidden", "changes nothing", "env.", "maml.inner_learning_rate"});
  const std::vector<std::string> eval = {"eval", "a", "--episodes", "2", "--adapt", "1"};
  auto save = eval;
  save.insert(save.end(), {"--adapt-episodes", "1", "--save"});
  EXPECT_EQ(run(save).code, 0);
  EXPECT_NE(read_file(root_ / "a" / "policy-adapted.pt"), read_file(root_ / "a" / "policy.pt"));
  save.back() = "--save-to=mine.pt";
  EXPECT_THAT(run(save).out, HasSubstr("mine.pt"));
  EXPECT_EQ(read_file(root_ / "mine.pt"), read_file(root_ / "a" / "policy-adapted.pt"));

  auto next = training("b", "500");
  next.insert(next.end(), {"--from", "a", "--set", "env.horizon=150"});
  const ProgramResult started = run(next);
  EXPECT_EQ(started.code, 0) << started.err;
  EXPECT_THAT(started.out, HasSubstr("from a: policy and model taken, as they were at"));
  fs::rename(root_ / "a", root_ / "gone");
  EXPECT_EQ(run({"train", "--config", "b", "--out", "c"}).code, 0);
  EXPECT_EQ(last_checkpoint("c"), last_checkpoint("b")) << "repeats without the first run";
  next[next.size() - 3] = "nowhere";
  next[4] = "d";
  expect_error(next, 1, {"nowhere"});
  EXPECT_FALSE(fs::exists(root_ / "d"));
}

TEST_F(ProgramTest, InfoSaysFromWhereARunGoesOn) {
  auto arguments = training("a", "100M");
  std::replace(arguments.begin(), arguments.end(), std::string("run.checkpoint_seconds=0"),
               std::string("run.checkpoint_seconds=1e6"));
  const pid_t child = start(arguments);
  await(child, fs::path("a") / "summary.json");  // the second iteration; the first has a checkpoint
  EXPECT_THAT(info_beside("a"),
              HasSubstr("last checkpoint at 400 real steps; it is being trained"));
  ::kill(child, SIGKILL);
  finish(child);
  const std::string told = run({"info", "a"}).out;
  EXPECT_THAT(told, HasSubstr(" iterations, ")) << "the store is ahead";
  EXPECT_THAT(told, HasSubstr("last checkpoint at 400 real steps; go on with: reverie resume a\n"));
  EXPECT_THAT(run({"eval", "a", "--episodes", "1"}).out, HasSubstr("at 400 real steps"));
}

TEST_F(ProgramTest, OneRunOneProcess) {
  const pid_t child = start(training("a", "100M"));  // it won't be done before the other has asked
  await(child, fs::path("a") / "run.sqlite");
  expect_error({"resume", "a"}, 1, {"process", std::to_string(child)});
  ::kill(child, SIGKILL);
  finish(child);
}

}  // namespace
}  // namespace reverie::cli
