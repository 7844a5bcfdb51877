// A short run is killed, or meets a fault, at each call that touches its files, while it is begun
// and while it is resumed. Whatever happened, the same command or `resume` then ends with the bytes
// of a run that nothing happened to.
#include <reverie/cli/commands.h>
#include <reverie/core/random.h>
#include <reverie/core/workers.h>
#include <reverie/runs/checkpoint.h>
#include <reverie/runs/event_file.h>
#include <reverie/runs/fault_injection.h>
#include <reverie/runs/files.h>
#include <reverie/runs/store.h>

#include <fcntl.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>

namespace reverie {
namespace {

namespace fs = std::filesystem;
using testing::Fault;

struct Outcome {
  int code = 0;  ///< Exit code, or 128 + the signal.
  long calls = 0;
  std::string err;
};

class FaultsTest : public ::testing::Test {
 protected:
  FaultsTest() {
    root_ = fs::temp_directory_path() /
            fmt::format("reverie_faults_{}_{}", ::getpid(),
                        ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(root_);
    fs::create_directories(root_);
    set_worker_count(1);  // a forked process has no other threads
    shared_ = static_cast<long*>(::mmap(nullptr, sizeof(long), PROT_READ | PROT_WRITE,
                                        MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  }
  ~FaultsTest() override {
    ::munmap(shared_, sizeof(long));
    fs::remove_all(root_);
  }

  std::string run() const { return root_ / "run"; }
  std::string whole() const { return root_ / "whole"; }

  // The program in a process of its own, without the second that starting it anew would take.
  Outcome program(std::vector<std::string> arguments, Fault fault = Fault::none, long call = 0) {
    arguments.insert(arguments.begin(), "reverie");
    std::vector<char*> argv;
    for (auto& one : arguments) argv.push_back(one.data());
    const std::string err = root_ / "stderr";
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
      ::dup2(::open("/dev/null", O_WRONLY), STDOUT_FILENO);
      ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666), STDERR_FILENO);
      testing::arm_faults((run() + "/").c_str(), fault, call);
      const int code = cli::run_program(static_cast<int>(argv.size()), argv.data());
      *shared_ = testing::counted_calls();
      ::_exit(code);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return {WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), *shared_,
            read_file(err)};
  }

  static std::vector<std::string> training(const std::string& out) {
    std::vector<std::string> arguments = {"train", "mb-mpo", "classic/pendulum", "--out", out,
                                          "--steps", "300", "--seed", "3", "--threads", "1"};
    for (const char* set :
         {"env.horizon=50", "random_steps=100", "buffer=200", "tasks=2", "collecting_tasks=0",
          "imagined_rollouts=2", "meta_steps=1", "model.members=2", "model.hidden=[8, 8]",
          "fit.first_epochs=1", "fit.epochs=1", "run.checkpoint_seconds=0", "run.eval_every=2",
          "run.eval_episodes=1", "run.final_episodes=1"}) {
      arguments.push_back("--set");
      arguments.push_back(set);
    }
    return arguments;
  }

  // What was asked for, whatever is there.
  Outcome go_on() {
    std::error_code error;
    const auto size = fs::file_size(run() + "/config.toml", error);
    return !error && size > 0 ? program({"resume", run()}) : program(training(run()));
  }

  static std::string last_checkpoint(const fs::path& folder) {
    const Checkpoints checkpoints(folder / "checkpoints");
    return read_file(checkpoints.path(checkpoints.numbers().back()));
  }
  static std::string figures(const fs::path& folder) {
    std::string text;
    const Store store(folder / "run.sqlite", Store::Access::read);
    for (const auto& row : store.iterations())
      for (const auto& [name, value] : row.metrics)
        if (!name.starts_with("time/"))
          text += fmt::format("{} {} {} {:a}\n", row.iteration, row.env_steps, name, value);
    return text;
  }
  static std::vector<int64_t> steps_shown(const fs::path& folder) {
    std::vector<int64_t> steps;
    const EventFile file(folder, 0);
    for (const auto& event : file.held()) steps.push_back(event.step);
    return steps;
  }

  void expect_as_whole(const std::string& what) {
    ASSERT_EQ(last_checkpoint(run()), last_checkpoint(whole())) << what;
    EXPECT_EQ(figures(run()), figures(whole())) << what;
    EXPECT_EQ(read_file(run() + "/policy.pt"), read_file(whole() + "/policy.pt")) << what;
    EXPECT_EQ(steps_shown(run()), steps_shown(whole())) << what;
    EXPECT_NE(read_file(run() + "/summary.json").find("\"finished\": true"), std::string::npos)
        << what;
    for (const auto& entry : fs::recursive_directory_iterator(run()))
      EXPECT_NE(entry.path().extension(), ".tmp") << what << " " << entry.path();
  }

  // `prepare` makes the folder what it is before `arguments` are called.
  template <class Prepare>
  void sweep(Fault fault, const std::vector<std::string>& arguments, Prepare prepare) {
    const Outcome unharmed = program(training(whole()));
    ASSERT_EQ(unharmed.code, 0) << unharmed.err;
    prepare();
    const Outcome counted = program(arguments);
    ASSERT_EQ(counted.code, 0) << counted.err;
    ASSERT_GT(counted.calls, 100);
    // All calls where REVERIE_ALL_FAULTS is set; else a sample, always the same.
    const bool all = std::getenv("REVERIE_ALL_FAULTS") != nullptr;
    const long stride = all ? 1 : std::max(1L, counted.calls / 12);
    const long first = all ? 1 : 1 + stride / 2;
    fmt::print("{} calls, every {} from {}\n", counted.calls, stride, first);
    for (long call = first; call <= counted.calls; call += stride) {
      prepare();
      const Outcome met = program(arguments, fault, call);
      const std::string what =
          fmt::format("fault {} at call {}: {}", static_cast<int>(fault), call, met.err);
      if (fault == Fault::kill) {
        ASSERT_EQ(met.code, 128 + SIGKILL) << what;
      } else if (met.code != 0) {
        EXPECT_EQ(met.code, 1) << what;
        EXPECT_TRUE(met.err.starts_with("reverie: ")) << what;
        EXPECT_EQ(std::count(met.err.begin(), met.err.end(), '\n'), 1) << what;
      }
      if (met.code != 0) {
        const Outcome after = go_on();
        ASSERT_EQ(after.code, 0) << what << after.err;
      }
      expect_as_whole(what);
      if (HasFatalFailure()) return;
    }
  }
  void sweep_start(Fault fault) {
    sweep(fault, training(run()), [this] { fs::remove_all(run()); });
  }
  // Of a run that was killed when it had a checkpoint, rows beyond it, and a file half written.
  void sweep_resume(Fault fault) {
    const fs::path killed = root_ / "killed";
    sweep(fault, {"resume", run()}, [&] {
      fs::remove_all(run());
      if (!fs::exists(killed)) {
        const long calls = program(training(run())).calls;
        for (long call = calls / 2;; ++call) {
          fs::remove_all(run());
          ASSERT_EQ(program(training(run()), Fault::kill, call).code, 128 + SIGKILL);
          const Store store(run() + "/run.sqlite", Store::Access::read);
          const auto saved = store.newest_checkpoint();
          if (saved && store.iterations().back().iteration > saved->iteration &&
              fs::exists(temporary_of(Checkpoints(run() + "/checkpoints").path(6))))
            break;
          ASSERT_LT(call, calls);
        }
        fs::copy(run(), killed, fs::copy_options::recursive);
        return;
      }
      fs::copy(killed, run(), fs::copy_options::recursive);
    });
  }

  fs::path root_;
  long* shared_ = nullptr;
};

TEST_F(FaultsTest, KilledAtAnyCall) {
  sweep_start(Fault::kill);
}
TEST_F(FaultsTest, AnyCallFailsOnce) {
  sweep_start(Fault::io_error);
}
TEST_F(FaultsTest, TheDiskFillsUpAtAnyCall) {
  sweep_start(Fault::disk_full);
}
TEST_F(FaultsTest, KilledAtAnyCallOfAResume) {
  sweep_resume(Fault::kill);
}
TEST_F(FaultsTest, AnyCallOfAResumeFailsOnce) {
  sweep_resume(Fault::io_error);
}
TEST_F(FaultsTest, TheDiskFillsUpAtAnyCallOfAResume) {
  sweep_resume(Fault::disk_full);
}

}  // namespace
}  // namespace reverie
