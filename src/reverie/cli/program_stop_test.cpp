// What ends a run before its time, and that it goes on as if nothing had been: signals, kills, a
// full disk, a reader that has gone.
#include <reverie/cli/program_fixture.h>
#include <reverie/core/random.h>

#include <csignal>
#include <utility>

namespace reverie::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

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

TEST_F(ProgramTest, AFullDiskIsOneLineAndHarmsNothing) {
  ASSERT_EQ(run(training("whole")).code, 0);
  // Files may not outgrow the limit: somewhere in mid-run a write fails.
  const auto size = static_cast<rlim_t>(last_checkpoint("whole").size());
  const ProgramResult full = run(training("a"), std::max<rlim_t>(size * 9 / 10, 65'536));
  EXPECT_NE(full.code, 0);
  EXPECT_TRUE(full.err.starts_with("reverie: cannot ")) << full.err;
  EXPECT_EQ(std::count(full.err.begin(), full.err.end(), '\n'), 1) << full.err;
  EXPECT_EQ(run({"resume", "a"}).code, 0);
  EXPECT_EQ(last_checkpoint("a"), last_checkpoint("whole"));
}

TEST_F(ProgramTest, WithoutACheckpointNoneIsPromised) {
  const ProgramResult full = run(training("full"), 65'536);
  EXPECT_EQ(full.code, 1) << full.err;
  EXPECT_THAT(full.err, HasSubstr("there is no checkpoint yet: once that is mended begin again"));
  auto slow = training("a");
  for (const char* set :
       {"collect.random_steps=400000", "run.steps=1000000", "collect.buffer=1000000"})
    slow.insert(slow.end(), {"--set", set});
  const pid_t child = start(slow);
  await(child, fs::path("a") / "run.sqlite");
  ::kill(child, SIGINT);
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  ::kill(child, SIGINT);
  const ProgramResult stopped = finish(child);
  EXPECT_EQ(stopped.code, 130);
  EXPECT_THAT(stopped.err, HasSubstr("stopped at once; there is no checkpoint yet: begin again "
                                     "with: reverie resume a"));
}

TEST_F(ProgramTest, UnderNohupAClosedTerminalIsNothing) {
  ::signal(SIGHUP, SIG_IGN);
  const pid_t child = start(training("a"));
  ::signal(SIGHUP, SIG_DFL);
  await(child, fs::path("a") / "lock");
  ::kill(child, SIGHUP);
  const ProgramResult result = finish(child);
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("done: "));
}

TEST_F(ProgramTest, CtrlCSigtermAndSighupStopWithACheckpoint) {
  ASSERT_EQ(run(training("whole")).code, 0);
  for (const auto& [signal, code] :
       {std::pair{SIGINT, 130}, std::pair{SIGTERM, 143}, std::pair{SIGHUP, 129}}) {
    // Where this process has to wait for the machine longer than the run takes, the run is quicker.
    std::string name;
    ProgramResult result;
    for (int attempt = 0; attempt < 20 && result.code == 0; ++attempt) {
      name = fmt::format("stopped{}_{}", signal, attempt);
      const pid_t child = start(training(name));
      await(child, fs::path(name) / "summary.json");  // as of the first evaluation, in mid-run
      ::kill(child, signal);
      result = finish(child);
    }
    EXPECT_EQ(result.code, code) << result.err;
    EXPECT_THAT(result.out, HasSubstr("resume " + name));
    const ProgramResult resumed = run({"resume", name});
    EXPECT_EQ(resumed.code, 0) << resumed.err;
    EXPECT_EQ(last_checkpoint(name), last_checkpoint("whole"));
    EXPECT_EQ(figures(name), figures("whole"));
  }
}

TEST_F(ProgramTest, KilledAtAnyMomentEndsWithEqualBytes) {
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_EQ(run(training("whole")).code, 0);
  const std::chrono::duration<double> whole = std::chrono::steady_clock::now() - begin;
  const auto seed = static_cast<uint64_t>(::getpid());
  SCOPED_TRACE(fmt::format("seed {}", seed));
  RandomStream random(seed, "kills");
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

}  // namespace
}  // namespace reverie::cli
