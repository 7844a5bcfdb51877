// Test fixture: runs the program in child processes, in a temporary folder per test.
#pragma once

#include <reverie/runs/checkpoint.h>
#include <reverie/runs/files.h>
#include <reverie/runs/store.h>

#include <fcntl.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>

namespace reverie::cli {

struct ProgramResult {
  int code = 0;  ///< Exit code, or 128 + the signal.
  std::string out, err;
};

class ProcessTest : public ::testing::Test {
 protected:
  ProcessTest() {
    std::string test = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    for (char& letter : test)
      if (letter == '/') letter = '_';  // in parameterised tests
    root_ = std::filesystem::temp_directory_path() /
            fmt::format("reverie_process_{}_{}", ::getpid(), test);
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  ~ProcessTest() override { std::filesystem::remove_all(root_); }

  /// Calls `body` in a child process with its output redirected to files in the folder; the process
  /// exits with the value returned. One process at a time: finish() reads the files.
  template <class Body>
  pid_t start_process(Body body) {
    const std::string out = root_ / "stdout", err = root_ / "stderr";
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child != 0) return child;
    ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666), STDOUT_FILENO);
    ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666), STDERR_FILENO);
    ::_exit(body());
  }
  ProgramResult finish(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return {WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
            read_file(root_ / "stdout"), read_file(root_ / "stderr")};
  }

  std::string last_checkpoint(const std::string& run) const {
    const Checkpoints checkpoints(root_ / run / "checkpoints");
    return read_file(checkpoints.path(checkpoints.numbers().back()));
  }
  /// Everything in the store except clock times.
  std::string figures(const std::string& run) const {
    std::string text;
    const Store store(root_ / run / "run.sqlite", Store::Access::read);
    for (const auto& row : store.iterations())
      for (const auto& [metric, value] : row.metrics)
        if (!metric.starts_with("time/"))
          text += fmt::format("{} {} {} {:a}\n", row.iteration, row.env_steps, metric, value);
    return text;
  }

  std::filesystem::path root_;
};

}  // namespace reverie::cli
