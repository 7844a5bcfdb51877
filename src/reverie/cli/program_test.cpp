// The program as a person meets it: the real binary, its exit codes, its one-line errors, and what
// a kill at any moment leaves.
#include <reverie/agents/agent.h>
#include <reverie/core/error.h>
#include <reverie/runs/checkpoint.h>
#include <reverie/runs/files.h>
#include <reverie/runs/store.h>

#include <fcntl.h>
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

namespace reverie {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

struct Result {
  int code = 0;  ///< Exit code, or 128 + the signal.
  std::string out, err;
};

class ProgramTest : public ::testing::Test {
 protected:
  ProgramTest() {
    root_ = fs::temp_directory_path() /
            fmt::format("reverie_program_{}_{}", ::getpid(),
                        ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  ~ProgramTest() override { fs::remove_all(root_); }

  pid_t start(const std::vector<std::string>& arguments, rlim_t largest_file = RLIM_INFINITY) {
    std::vector<char*> argv = {const_cast<char*>(REVERIE_BINARY)};
    for (const auto& one : arguments) argv.push_back(const_cast<char*>(one.c_str()));
    argv.push_back(nullptr);
    const std::string out = root_ / "stdout", err = root_ / "stderr";
    const pid_t child = ::fork();
    if (child != 0) return child;
    ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666), STDOUT_FILENO);
    ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666), STDERR_FILENO);
    if (largest_file != RLIM_INFINITY) {
      const rlimit cap{largest_file, largest_file};
      ::setrlimit(RLIMIT_FSIZE, &cap);
    }
    if (::chdir(root_.c_str()) != 0) ::_exit(126);
    ::execv(REVERIE_BINARY, argv.data());
    ::_exit(127);
  }
  Result finish(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return {WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
            read_file(root_ / "stdout"), read_file(root_ / "stderr")};
  }
  // Until the child has made `path`; fails where it ends without.
  void await(pid_t child, const fs::path& path) {
    while (!fs::exists(root_ / path)) {
      siginfo_t ended = {};  // looked at only: finish() collects it
      ::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOHANG | WNOWAIT);
      ASSERT_TRUE(ended.si_pid == 0 || fs::exists(root_ / path)) << read_file(root_ / "stderr");
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  Result run(const std::vector<std::string>& arguments, rlim_t largest_file = RLIM_INFINITY) {
    return finish(start(arguments, largest_file));
  }
  // An error must be one line, begin with the program's name, and hold all of `parts`.
  void expect_error(const std::vector<std::string>& arguments, int code,
                    const std::vector<std::string>& parts) {
    const Result result = run(arguments);
    const std::string what = fmt::format("{}", fmt::join(arguments, " "));
    EXPECT_EQ(result.code, code) << what << "\n" << result.err;
    EXPECT_TRUE(result.err.starts_with("reverie: ")) << what << "\n" << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << what << result.err;
    for (const auto& part : parts) EXPECT_THAT(result.err, HasSubstr(part)) << what;
  }
  static std::string method() { return all_agents().front().name; }

  // A run of seconds.
  std::vector<std::string> training(const std::string& out,
                                    const std::string& steps = "2000") const {
    std::vector<std::string> arguments = {"train",
                                          method(),
                                          "classic/pendulum",
                                          "--out",
                                          out,
                                          "--seed",
                                          "3",
                                          "--threads",
                                          "2",
                                          "--set",
                                          "run.checkpoint_seconds=0",
                                          "--set",
                                          "run.eval_every=2",
                                          "--set",
                                          "run.eval_episodes=2",
                                          "--set",
                                          "run.final_episodes=2"};
    for (const auto& set : tiny()) {
      arguments.push_back("--set");
      arguments.push_back(set);
    }
    arguments.insert(arguments.end(), {"--steps", steps});
    return arguments;
  }
  static std::vector<std::string> tiny();

  std::string last_checkpoint(const std::string& name) const {
    const Checkpoints checkpoints(root_ / name / "checkpoints");
    return read_file(checkpoints.path(checkpoints.numbers().back()));
  }
  std::string figures(const std::string& name) const {
    std::string text;
    const Store store(root_ / name / "run.sqlite");
    for (const auto& row : store.iterations())
      for (const auto& [metric, value] : row.metrics)
        if (!metric.starts_with("time/"))
          text += fmt::format("{} {} {} {:a}\n", row.iteration, row.env_steps, metric, value);
    return text;
  }

  fs::path root_;
};

TEST_F(ProgramTest, AnswersWithoutTraining) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--help"},
                                                    {"--version"},
                                                    {"list"},
                                                    {"list", "methods"},
                                                    {"list", "tasks"},
                                                    {"list", "settings", method()},
                                                    {"train", "--help"},
                                                    {"info"},
                                                    {}}) {
    const Result result = run(arguments);
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_FALSE(result.out.empty());
    EXPECT_EQ(result.err, "");
  }
  EXPECT_THAT(run({"list"}).out, HasSubstr("classic/pendulum"));
  const std::string classic = run({"list", "tasks", "classic/"}).out;
  EXPECT_THAT(classic, HasSubstr("classic/lqr"));
  EXPECT_THAT(classic, Not(HasSubstr("gym/")));
  const std::string help = run({"train", method(), "classic/pendulum", "--help"}).out;
  EXPECT_THAT(help, HasSubstr("random_steps = 4000")) << "the values of what would run";
  const std::string end = help.substr(help.find("Usage:"));
  EXPECT_LT(std::count(end.begin(), end.end(), '\n'), 40) << "must end with its options";
  for (const char* part : {"--config", "--out", "reverie train mb-mpo"})
    EXPECT_THAT(end, HasSubstr(part));
}

TEST_F(ProgramTest, HelpIsGivenWhateverStandsBesideIt) {
  const Result result = run({"train", method(), "nosuch", "--help"});
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
  expect_error({"train", method(), task, "--steps", "2k"}, 2,
               {"2000", "4000 random ones", "--steps", "random_steps"});
  expect_error({"train", method(), task, "--threads", "-1"}, 2, {"run.threads"});
  expect_error({"train", method(), task, "--device", "toaster"}, 2, {"run.device"});
  if (!torch::cuda::is_available())
    expect_error({"train", method(), task, "--device", "cuda"}, 2, {"run.device", "cuda", "cpu"});
  expect_error({"train", method(), task, "--nosuch"}, 2, {"--nosuch"});
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
  expect_error({"train", method(), task, "--out", "/dev/null/run"}, 1, {"/dev/null/run"});
  fs::create_directories(root_ / "full");
  std::ofstream(root_ / "full" / "file") << "x";
  expect_error({"train", method(), task, "--out", "full"}, 1, {"full is not empty"});
  for (const char* command : {"resume", "eval", "info"}) {
    expect_error({command, "absent"}, 1, {"absent"});
    expect_error({command, "full"}, 1, {"full is no run", "config.toml"});
  }
}

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
  const Result trained = finish(child);
  EXPECT_EQ(trained.code, 0) << trained.err;
  write_robot(0.5);
  EXPECT_THAT(trained.out, HasSubstr("first states that were tried already end an episode"));
  EXPECT_THAT(trained.out, HasSubstr("500 were asked for"));
  EXPECT_THAT(run({"eval", "arm"}).err, Not(HasSubstr("changed")));
  write_robot(-0.5);
  const Result evaluated = run({"eval", "arm"});
  EXPECT_EQ(evaluated.code, 0);
  EXPECT_THAT(evaluated.err, HasSubstr("arm.toml or its MJCF has changed since the run began"));
  const Result resumed = run({"resume", "arm"});
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
  const Result again = run({"resume", "a"});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("finished"));
  const std::string before = last_checkpoint("a");
  EXPECT_EQ(run({"resume", "a", "--steps", "3k"}).code, 0);
  EXPECT_NE(last_checkpoint("a"), before);
  const Result eval = run({"eval", "a", "--episodes", "3", "--stochastic"});
  EXPECT_EQ(eval.code, 0) << eval.err;
  EXPECT_THAT(eval.out, HasSubstr("return"));
  EXPECT_EQ(run({"info", "a"}).code, 0);
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
  const Result resumed = run({"resume", "a"});
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
  const Result resumed = run({"resume", "a", "--steps", "3k"});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_THAT(resumed.out, HasSubstr("warning: a/run.sqlite lacked"));
  fs::remove_all(root_ / "a" / "checkpoints");
  expect_error({"resume", "a"}, 1, {"a/checkpoints holds no checkpoint", "put it back"});
  EXPECT_EQ(run({"info", "a"}).code, 0);
  std::ofstream(root_ / "a" / "config.toml") << "task = \"classic/pendulum\"\n";
  expect_error({"resume", "a"}, 2, {"a/config.toml names no method"});
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

TEST_F(ProgramTest, AbsurdSizesAreOneLine) {
  const auto with = [this](std::vector<std::string> sets) {
    auto arguments = training("a");
    for (auto& set : sets) arguments.insert(arguments.end(), {"--set", std::move(set)});
    return arguments;
  };
  expect_error(with({"model.hidden=[1000000000]"}), 2, {"model.hidden", "100000"});
  expect_error(with({"tasks=1000000000"}), 2, {"tasks", "10000"});
  expect_error(with({"tasks=10000", "real_rollouts=10000"}), 2, {"100000000 environments"});
#ifndef __SANITIZE_ADDRESS__  // whose allocator ends the process instead
  expect_error(with({"buffer=1000000000000"}), 2, {"out of memory", "buffer"});
#endif
  EXPECT_FALSE(fs::exists(root_ / "a"));
}

TEST_F(ProgramTest, AReaderThatHasGoneEndsTheRunWithACheckpoint) {
  std::string command = fmt::format("cd '{}' && {{ '{}'", root_.string(), REVERIE_BINARY);
  for (const auto& one : training("a", "100M")) command += " '" + one + "'";
  command += " 2> stderr; echo $? > code; } | head -n 2 > /dev/null";
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(read_file(root_ / "code"), "141\n");
  EXPECT_THAT(read_file(root_ / "stderr"), HasSubstr("go on with: reverie resume a"));
  EXPECT_FALSE(Checkpoints(root_ / "a" / "checkpoints").numbers().empty());
  EXPECT_EQ(run({"resume", "a", "--steps", "500"}).code, 0);
}

TEST_F(ProgramTest, AnAdaptedPolicyIsKeptAndARunStartsFromAnother) {
  ASSERT_EQ(run(training("a", "500")).code, 0);
  expect_error({"eval", "a", "--save"}, 2, {"--adapt"});
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
  const Result started = run(next);
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

TEST_F(ProgramTest, AFullDiskIsOneLineAndHarmsNothing) {
  ASSERT_EQ(run(training("whole")).code, 0);
  // Files may not outgrow the limit: somewhere in mid-run a write fails.
  const auto size = static_cast<rlim_t>(last_checkpoint("whole").size());
  const Result full = run(training("a"), std::max<rlim_t>(size * 9 / 10, 65'536));
  EXPECT_NE(full.code, 0);
  EXPECT_TRUE(full.err.starts_with("reverie: cannot ")) << full.err;
  EXPECT_EQ(std::count(full.err.begin(), full.err.end(), '\n'), 1) << full.err;
  EXPECT_EQ(run({"resume", "a"}).code, 0);
  EXPECT_EQ(last_checkpoint("a"), last_checkpoint("whole"));
}

TEST_F(ProgramTest, UnderNohupAClosedTerminalIsNothing) {
  ::signal(SIGHUP, SIG_IGN);
  const pid_t child = start(training("a"));
  ::signal(SIGHUP, SIG_DFL);
  await(child, fs::path("a") / "lock");
  ::kill(child, SIGHUP);
  const Result result = finish(child);
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("done: "));
}

TEST_F(ProgramTest, CtrlCSigtermAndSighupStopWithACheckpoint) {
  ASSERT_EQ(run(training("whole")).code, 0);
  for (const auto& [signal, code] :
       {std::pair{SIGINT, 130}, std::pair{SIGTERM, 143}, std::pair{SIGHUP, 129}}) {
    // Where this process has to wait for the machine longer than the run takes, the run is quicker.
    std::string name;
    Result result;
    for (int attempt = 0; attempt < 20 && result.code == 0; ++attempt) {
      name = fmt::format("stopped{}_{}", signal, attempt);
      const pid_t child = start(training(name));
      await(child, fs::path(name) / "summary.json");  // as of the first evaluation, in mid-run
      ::kill(child, signal);
      result = finish(child);
    }
    EXPECT_EQ(result.code, code) << result.err;
    EXPECT_THAT(result.out, HasSubstr("resume " + name));
    const Result resumed = run({"resume", name});
    EXPECT_EQ(resumed.code, 0) << resumed.err;
    EXPECT_EQ(last_checkpoint(name), last_checkpoint("whole"));
    EXPECT_EQ(figures(name), figures("whole"));
  }
}

TEST_F(ProgramTest, KilledAtAnyMomentEndsWithEqualBytes) {
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_EQ(run(training("whole")).code, 0);
  const std::chrono::duration<double> whole = std::chrono::steady_clock::now() - begin;
  RandomStream random(static_cast<uint64_t>(::getpid()), "kills");
  for (int k = 0; k < 4; ++k) {
    const std::string name = fmt::format("killed{}", k);
    pid_t child = start(training(name));
    await(child, fs::path(name) / "config.toml");
    for (int kills = 0;; ++kills) {
      ASSERT_LT(kills, 30);
      const double moment = kills < 3 ? random.uniform(0, 0.7) * whole.count() : 3600;
      int status = 0;
      if (kills < 3) {
        std::this_thread::sleep_for(std::chrono::duration<double>(moment));
        ::kill(child, SIGKILL);
      }
      ::waitpid(child, &status, 0);
      if (WIFEXITED(status)) {
        ASSERT_EQ(WEXITSTATUS(status), 0) << read_file(root_ / "stderr");
        break;
      }
      child = start({"resume", name});
    }
    EXPECT_EQ(last_checkpoint(name), last_checkpoint("whole"));
    EXPECT_EQ(figures(name), figures("whole"));
    EXPECT_EQ(read_file(root_ / name / "policy.pt"), read_file(root_ / "whole" / "policy.pt"));
  }
}

TEST_F(ProgramTest, OneRunOneProcess) {
  const pid_t child = start(training("a", "100M"));  // it won't be done before the other has asked
  await(child, fs::path("a") / "run.sqlite");
  expect_error({"resume", "a"}, 1, {"process", std::to_string(child)});
  ::kill(child, SIGKILL);
  finish(child);
}

std::vector<std::string> ProgramTest::tiny() {
  return {"random_steps=400",    "buffer=2000",  "tasks=2",         "collecting_tasks=0",
          "imagined_rollouts=4", "meta_steps=2", "model.members=2", "model.hidden=[16, 16]",
          "fit.first_epochs=3",  "fit.epochs=2"};
}

}  // namespace
}  // namespace reverie
