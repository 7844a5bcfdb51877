#include <reverie/runs/stop_signal.h>

#include <gtest/gtest.h>

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <thread>

namespace reverie {
namespace {

/// Ends with code 0 when a stop has been seen, with 1 when none was.
[[noreturn]] void be_stopped(int signal) {
  ::signal(SIGHUP, SIG_DFL);  // also under nohup
  // As OpenBLAS starts them, when the program is loaded.
  std::thread([] {
    for (;;) ::pause();
  }).detach();
  install_stop_signals("stopping", "stopped");
  for (int i = 0; i < 500; ++i) {
    if (i == 0) ::kill(::getpid(), signal);
    if (stop_signal() == signal) std::_Exit(0);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  std::_Exit(1);
}

TEST(StopSignals, ThreadsThatWereThereBeforeDoNotMatter) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  for (const int signal : {SIGINT, SIGTERM, SIGHUP})
    for (int i = 0; i < 3; ++i)
      EXPECT_EXIT(be_stopped(signal), ::testing::ExitedWithCode(0), "stopping");
}

}  // namespace
}  // namespace reverie
