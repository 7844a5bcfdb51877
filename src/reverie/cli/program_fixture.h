// Test fixture for the program as the user meets it: the real binary, in a temporary folder.
#pragma once

#include <reverie/agents/agent.h>
#include <reverie/cli/process_fixture.h>

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
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace reverie::cli {

class ProgramTest : public ProcessTest {
 protected:
  ProgramTest() { ::signal(SIGHUP, SIG_DFL); }  // the tests may run under nohup

  pid_t start(const std::vector<std::string>& arguments, rlim_t largest_file = RLIM_INFINITY) {
    std::vector<char*> argv = {const_cast<char*>(REVERIE_BINARY)};
    for (const auto& one : arguments) argv.push_back(const_cast<char*>(one.c_str()));
    argv.push_back(nullptr);
    return start_process([&] {
      if (largest_file != RLIM_INFINITY) {
        const rlimit cap{largest_file, largest_file};
        ::setrlimit(RLIMIT_FSIZE, &cap);
      }
      if (::chdir(root_.c_str()) != 0) return 126;
      ::execv(REVERIE_BINARY, argv.data());
      return 127;
    });
  }
  // Waits until the child has created `path`; fails where it ends without doing so.
  void await(pid_t child, const std::filesystem::path& path) {
    while (!std::filesystem::exists(root_ / path)) {
      siginfo_t ended = {};  // only peeked at: finish() reaps it
      ::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOHANG | WNOWAIT);
      ASSERT_TRUE(ended.si_pid == 0 || std::filesystem::exists(root_ / path))
          << read_file(root_ / "stderr");
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  ProgramResult run(const std::vector<std::string>& arguments,
                    rlim_t largest_file = RLIM_INFINITY) {
    return finish(start(arguments, largest_file));
  }
  // What `info` prints about a run, callable while another process writes stdout and stderr files.
  std::string info_beside(const std::string& name) const {
    const std::string file = root_ / "info";
    const std::string command = "cd '" + root_.string() + "' && '" REVERIE_BINARY "' info " + name;
    EXPECT_EQ(std::system((command + " > " + file).c_str()), 0);
    return read_file(file);
  }
  // Expects an error of one line that begins with the program's name and contains all of `parts`.
  void expect_error(const std::vector<std::string>& arguments, int code,
                    const std::vector<std::string>& parts) {
    const ProgramResult result = run(arguments);
    const std::string what = fmt::format("{}", fmt::join(arguments, " "));
    EXPECT_EQ(result.code, code) << what << "\n" << result.err;
    EXPECT_TRUE(result.err.starts_with("reverie: ")) << what << "\n" << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << what << result.err;
    for (const auto& part : parts) EXPECT_THAT(result.err, ::testing::HasSubstr(part)) << what;
  }
  static std::string method() { return all_agents().front().name; }

  // Arguments of a run that takes seconds.
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
  /// Settings that make an iteration take milliseconds.
  static std::vector<std::string> tiny() {
    return {"collect.random_steps=400",
            "collect.buffer=2000",
            "tasks=2",
            "collecting_tasks=0",
            "imagine.rollouts=4",
            "meta_steps=2",
            "model.members=2",
            "model.hidden=[16, 16]",
            "fit.first_epochs=3",
            "fit.epochs=2"};
  }
};

}  // namespace reverie::cli
