// A short run is killed, or meets a fault, at each call that touches its files, while it is begun
// and while it is resumed. Whatever happened, the same command or `resume` then ends with the bytes
// of a run that nothing happened to.
#include <reverie/cli/commands.h>
#include <reverie/cli/process_fixture.h>
#include <reverie/core/workers.h>
#include <reverie/runs/event_file.h>
#include <reverie/runs/fault_injection.h>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <tuple>

namespace reverie {
namespace {

namespace fs = std::filesystem;
using testing::Fault;

struct Outcome : cli::ProgramResult {
  long calls = 0;
};

/// What is swept, and the fault that it meets.
enum class Sweep { start, resume };
using Case = std::tuple<Sweep, Fault>;

class FaultsTest : public cli::ProcessTest, public ::testing::WithParamInterface<Case> {
 protected:
  FaultsTest() {
    set_worker_count(1);  // a forked process has no other threads
    shared_ = static_cast<long*>(
        ::mmap(nullptr, sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  }
  ~FaultsTest() override { ::munmap(shared_, sizeof(long)); }

  std::string run() const { return root_ / "run"; }
  std::string whole() const { return root_ / "whole"; }

  // The program in a process of its own, without the second that starting it anew would take.
  Outcome program(std::vector<std::string> arguments, Fault fault = Fault::none, long call = 0) {
    arguments.insert(arguments.begin(), "reverie");
    std::vector<char*> argv;
    for (auto& one : arguments) argv.push_back(one.data());
    Outcome met{finish(start_process([&] {
      testing::arm_faults((run() + "/").c_str(), fault, call);
      const int code = cli::run_program(static_cast<int>(argv.size()), argv.data());
      *shared_ = testing::counted_calls();
      return code;
    }))};
    met.calls = *shared_;
    return met;
  }

  static std::vector<std::string> training(const std::string& out) {
    std::vector<std::string> arguments = {
        "train",  "mb-mpo", "classic/pendulum", "--out", out, "--steps", "300",
        "--seed", "3",      "--threads",        "1"};
    for (const char* set :
         {"env.horizon=50", "collect.random_steps=100", "collect.buffer=200", "tasks=2",
          "collecting_tasks=0", "imagine.rollouts=2", "meta_steps=1", "model.members=2",
          "model.hidden=[8, 8]", "fit.first_epochs=1", "fit.epochs=1", "run.checkpoint_seconds=0",
          "run.eval_every=2", "run.eval_episodes=1", "run.final_episodes=1"}) {
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

  static std::vector<int64_t> steps_shown(const fs::path& folder) {
    std::vector<int64_t> steps;
    const EventFile file(folder, 0);
    for (const auto& event : file.held()) steps.push_back(event.step);
    return steps;
  }

  void expect_as_whole(const std::string& what) {
    ASSERT_EQ(last_checkpoint("run"), last_checkpoint("whole")) << what;
    EXPECT_EQ(figures("run"), figures("whole")) << what;
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

  long* shared_ = nullptr;
};

TEST_P(FaultsTest, AtAnyCallLosesNothing) {
  const auto [of, fault] = GetParam();
  of == Sweep::start ? sweep_start(fault) : sweep_resume(fault);
}

/// "Resume_DiskFull"
std::string name_of(const ::testing::TestParamInfo<Case>& test) {
  const auto [of, fault] = test.param;
  const char* met = fault == Fault::kill       ? "Killed"
                    : fault == Fault::io_error ? "FailsOnce"
                                               : "DiskFull";
  return fmt::format("{}_{}", of == Sweep::start ? "Start" : "Resume", met);
}

INSTANTIATE_TEST_SUITE_P(Calls, FaultsTest,
                         ::testing::Combine(::testing::Values(Sweep::start, Sweep::resume),
                                            ::testing::Values(Fault::kill, Fault::io_error,
                                                              Fault::disk_full)),
                         name_of);

}  // namespace
}  // namespace reverie
