// The program's words: help, listings, and one-line errors with their exit codes.
#include <reverie/cli/program_fixture.h>

#include <fstream>

namespace reverie::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(ProgramTest, AnswersWithoutTraining) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--help"},
                                                    {"--version"},
                                                    {"list"},
                                                    {"list", "methods"},
                                                    {"list", "tasks"},
                                                    {"list", "settings", method()},
                                                    {"train", "--help"},
                                                    {"plot", "--help"},
                                                    {"info"},
                                                    {}}) {
    const ProgramResult result = run(arguments);
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_FALSE(result.out.empty());
    EXPECT_EQ(result.err, "");
  }
  EXPECT_THAT(run({"list"}).out, HasSubstr("classic/pendulum"));
  const std::string classic = run({"list", "tasks", "classic/"}).out;
  EXPECT_THAT(classic, HasSubstr("classic/lqr"));
  EXPECT_THAT(classic, Not(HasSubstr("gym/")));
  const std::string help = run({"train", method(), "classic/pendulum", "--help"}).out;
  EXPECT_THAT(help, HasSubstr("collect.random_steps = 4000")) << "the values of what would run";
  const std::string end = help.substr(help.find("Usage:"));
  EXPECT_LT(std::count(end.begin(), end.end(), '\n'), 24) << "must fit on the smallest screen";
  for (const char* part : {"--config", "--out"}) EXPECT_THAT(end, HasSubstr(part));
  EXPECT_THAT(help, HasSubstr("reverie train mb-mpo"));
  for (const char* command : {"eval", "watch", "plot", "bench"}) {
    const std::string text = run({command, "--help"}).out;
    for (const char* type : {"INT", "FLOAT", "TEXT", "UINT", " in ["})
      EXPECT_THAT(text, Not(HasSubstr(type))) << command << ": CLI11's words";
  }
}

TEST_F(ProgramTest, HelpIsGivenWhateverStandsBesideIt) {
  const ProgramResult result = run({"train", method(), "nosuch", "--help"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, HasSubstr("--config"));
  EXPECT_THAT(result.err, HasSubstr("nosuch"));
}

TEST_F(ProgramTest, PrintedConfigurationIsReadBack) {
  const auto first = run({"train", method(), "classic/pendulum", "--steps", "1.5k", "--seed", "9",
                          "--set", "env.horizon=70", "--print-config"});
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("steps = 1500"));
  EXPECT_THAT(first.out, HasSubstr("horizon = 70"));
  std::ofstream(root_ / "my.toml") << first.out;
  EXPECT_EQ(run({"train", "--config", "my.toml", "--print-config"}).out, first.out);
  EXPECT_THAT(run({"train", "--config", "my.toml", "--steps", "2M", "--print-config"}).out,
              HasSubstr("steps = 2000000"));
}

TEST_F(ProgramTest, WrongUsageIsOneLineThatHelps) {
  const std::string task = "classic/pendulum";
  expect_error({"trian"}, 2, {"trian", "train"});
  expect_error({"train"}, 2, {"METHOD TASK"});
  expect_error({"train", method() + "x", task}, 2, {method()});
  expect_error({"train", method(), "clasic/pendulum"}, 2, {"classic/pendulum"});
  expect_error({"train", method(), task, "--preset", "nosuch"}, 2, {"preset", "nosuch"});
  expect_error({"bench", "--precision", "half"}, 2, {"--precision", "half", "bf16x3"});
  expect_error({"train", method(), task, "--set", "run.sead=1"}, 2, {"run.sead", "run.seed"});
  expect_error({"train", method(), task, "--set", "run.steps"}, 2, {"KEY=VALUE"});
  expect_error({"train", method(), task, "--set", "run.steps=many"}, 2, {"run.steps", "integer"});
  expect_error({"train", method(), task, "--steps", "0"}, 2,
               {"--steps", "run.steps", "at least 1"});
  expect_error(
      {"train", method(), task, "--steps", "2k"}, 2,
      {"2000", "4000 random ones", "--steps 5k or more", "--set collect.random_steps=600"});
  expect_error({"train", method(), task, "--threads", "-1"}, 2, {"run.threads"});
  expect_error({"train", method(), task, "--device", "toaster"}, 2, {"run.device"});
  if (!torch::cuda::is_available())
    expect_error({"train", method(), task, "--device", "cuda"}, 2, {"run.device", "cuda", "cpu"});
  expect_error({"train", method(), task, "--nosuch"}, 2, {"--nosuch"});
  expect_error({"train", method(), task, "--stesp", "3k"}, 2,
               {"no option --stesp; did you mean '--steps'?", "train --help"});
  expect_error({"eval", "a", "b", "c"}, 2, {"what is 'b c'?"});
  expect_error({"eval", "a", "--episodes", "abc"}, 2,
               {"'--episodes' takes an integer from 1 to 1000000, such as 100, not 'abc'"});
  expect_error({"eval", "a", "--episodes"}, 2, {"--episodes needs a value"});
  expect_error({"watch", "gym/hopper", "--seconds", "0"}, 2, {"a number from 0.001"});
  expect_error({"train", "pendulum"}, 2,
               {"'pendulum' is no method", "mbbl/pendulum, ", "classic/pendulum",
                "say: reverie train classic/pendulum"});
  expect_error({"train", method(), task, "--set", "env.gear_scale=x"}, 2, {"env.gear_scale"});
  expect_error({"list", "task"}, 2, {"tasks"});
  expect_error({"watch", "HalfCheetah-v5", "--picture", "a.png"}, 2, {"gym/half-cheetah"});
  expect_error({"list", "settings", "nosuch"}, 2, {"nosuch"});
  expect_error({"list", "tasks", "clasic"}, 2, {"'clasic'; did you mean 'classic'?"});
  EXPECT_FALSE(fs::exists(root_ / "runs")) << "wrong usage must leave nothing behind";
}

TEST_F(ProgramTest, WatchSaysWhatIsWrongBeforeItDraws) {
  expect_error({"watch"}, 2, {"--video", "--picture"});
  expect_error({"watch", "--picture", "a.png"}, 2, {"TASK", "--policy"});
  expect_error({"watch", "gym/hopper"}, 2, {"--video", "--picture"});
  expect_error({"watch", "gym/hoper", "--picture", "a.png"}, 2, {"gym/hopper"});
  expect_error({"watch", "gym/hopper", "--picture", "a.jpg"}, 2, {".png", "a.jpg"});
  expect_error({"watch", "gym/hopper", "--video", "a.avi"}, 2, {".mp4", "a.avi"});
  expect_error({"watch", "gym/hopper", "--video", "a.mp4", "--size", "31"}, 2, {"even", "31"});
  expect_error({"watch", "gym/hopper", "--picture", "a.png", "--size", "1"}, 2, {"--size"});
  expect_error({"watch", "gym/hopper", "--picture", "a.png", "--set", "env.slop=3"}, 2,
               {"env.slope"});
  expect_error({"watch", "--policy", "nowhere", "--picture", "a.png"}, 1, {"nowhere"});
  EXPECT_FALSE(fs::exists(root_ / "a.png"));
}

TEST_F(ProgramTest, WrongFilesAreOneLineThatHelps) {
  const std::string task = "classic/pendulum";
  expect_error({"train", method(), task, "--config", "absent.toml"}, 1, {"absent.toml"});
  std::ofstream(root_ / "bad.toml") << "[run\nsteps = 1\n";
  expect_error({"train", method(), task, "--config", "bad.toml"}, 2, {"bad.toml:1"});
  std::ofstream(root_ / "key.toml") << "[run]\nstesp = 1\n";
  expect_error({"train", method(), task, "--config", "key.toml"}, 2, {"key.toml:2", "run.steps"});
  std::ofstream(root_ / "my.xml") << "<mujoco/>";
  expect_error({"info", "my.xml"}, 2, {"my.xml is an MJCF", "docs/robots.md"});
  std::ofstream(root_ / "broken.xml") << "<mujoco><worldbody></mujoco>";
  std::ofstream(root_ / "broken.toml") << "body = \"broken.xml\"\n";
  expect_error({"info", "broken.toml"}, 2, {"broken.xml: line 1"});
  expect_error({"train", method(), task, "--out", "/dev/null/run"}, 1, {"/dev/null/run"});
  fs::create_directories(root_ / "full");
  std::ofstream(root_ / "full" / "file") << "x";
  expect_error({"train", method(), task, "--out", "full"}, 1, {"full is not empty"});
  for (const char* command : {"resume", "eval", "info"}) {
    expect_error({command, "absent"}, 1,
                 {"there is no folder absent, nor runs/absent", "no runs in runs/"});
    expect_error({command, "full"}, 1, {"full is no run", "config.toml"});
  }
}

TEST_F(ProgramTest, RunsThereAreAreNamed) {
  for (const char* name : {"mb-mpo-pendulum-s1", "other"}) {
    fs::create_directories(root_ / "runs" / name);
    std::ofstream(root_ / "runs" / name / "config.toml") << "x";
  }
  expect_error({"eval", "mb-mpo-pendulm-s1"}, 1,
               {"nor runs/mb-mpo-pendulm-s1; did you mean 'mb-mpo-pendulum-s1'?", "other"});
}

TEST_F(ProgramTest, AFullStandardOutputIsAnError) {
  const std::string command = fmt::format("'{}' list tasks > /dev/full 2> '{}'", REVERIE_BINARY,
                                          (root_ / "stderr").string());
  const int status = std::system(command.c_str());
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_THAT(read_file(root_ / "stderr"), HasSubstr("cannot write to standard output: "));
}

// Neither closed nor full may it keep the program from its exit code.
TEST_F(ProgramTest, AnErrorThatCannotBeWrittenIsAnExitCode) {
  for (const char* where : {"2> /dev/full", "2>&-", "> /dev/full 2>&1", "<&- >&- 2>&-"}) {
    const int status = std::system(fmt::format("'{}' trian {}", REVERIE_BINARY, where).c_str());
    EXPECT_EQ(WEXITSTATUS(status), 2) << where;
  }
  for (const char* where : {"> /dev/full 2> /dev/full", "> /dev/full 2>&-"}) {
    const std::string command = fmt::format("'{}' list tasks {}", REVERIE_BINARY, where);
    const int status = std::system(command.c_str());
    EXPECT_EQ(WEXITSTATUS(status), 1) << where;
  }
}

TEST_F(ProgramTest, AbsurdSizesAreOneLine) {
  const auto with = [this](std::vector<std::string> sets) {
    auto arguments = training("a");
    for (auto& set : sets) arguments.insert(arguments.end(), {"--set", std::move(set)});
    return arguments;
  };
  expect_error(with({"model.hidden=[1000000000]"}), 2, {"model.hidden", "100000"});
  expect_error(with({"tasks=1000000000"}), 2, {"tasks", "10000"});
  expect_error(with({"tasks=10000", "collect.rollouts=10000"}), 2, {"100000000 environments"});
#ifndef __SANITIZE_ADDRESS__  // whose allocator ends the process instead
  expect_error(with({"model.hidden=[100000,100000,100000]", "model.members=2"}), 2,
               {"out of memory", "smaller layers"});
#endif
  EXPECT_FALSE(fs::exists(root_ / "a"));
}

}  // namespace
}  // namespace reverie::cli
