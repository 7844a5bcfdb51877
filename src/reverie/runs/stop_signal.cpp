#include <reverie/runs/stop_signal.h>

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>

namespace reverie {
namespace {

std::atomic<int> received{0};
std::atomic<pthread_t> waiter;

/// Runs in a thread that a library started before ours blocked the signals, as OpenBLAS does.
void pass_on(int signal) {
  const int kept = errno;
  pthread_kill(waiter, signal);
  errno = kept;
}

/// Never destroyed: the thread that waits for signals lives as long as the process.
struct SecondLine {
  std::mutex mutex;
  std::function<std::string()> ask;
};
SecondLine& second_line() {
  static auto* one = new SecondLine;
  return *one;
}

void tell(const char* line) {
  static_cast<void>(!write(STDERR_FILENO, line, std::strlen(line)));
  static_cast<void>(!write(STDERR_FILENO, "\n", 1));
}

/// On a terminal that can be redrawn the live view shows that a stop is under way.
bool live_view_shows_it() {
  const char* terminal = std::getenv("TERM");
  return isatty(STDOUT_FILENO) && terminal != nullptr && std::strcmp(terminal, "dumb") != 0;
}

/// Takes the stops as they come. `timeout` and the like signal a process and then its group: what
/// follows within half a second is the same wish.
void wait_for_stops(sigset_t stops, const char* first_line, const char* otherwise) {
  using Clock = std::chrono::steady_clock;
  Clock::time_point first;
  for (int signal = 0; sigwait(&stops, &signal) == 0;) {
    if (received == 0) {
      first = Clock::now();
      if (!live_view_shows_it()) tell(first_line);  // before what the run says of its end
      received = signal;
    } else if (Clock::now() - first > std::chrono::milliseconds(500)) {
      tell("");  // the live view's last line has no end
      std::string line = otherwise;
      {
        const std::lock_guard lock(second_line().mutex);
        if (second_line().ask) line = second_line().ask();
      }
      tell(line.c_str());
      _exit(128 + signal);
    }
  }
}

}  // namespace

// No thread that computes may run a signal handler: oneDNN's matrix kernels keep a heap pointer in
// the stack register, and the kernel would write the handler's frame there (seen as heap corruption
// in a third of all stops). So our threads block the signals, one of them waits for them, and
// threads that libraries started earlier, which don't run oneDNN, pass on what reaches them.
void install_stop_signals(const char* first, const char* second) {
  sigset_t stops;
  sigemptyset(&stops);
  sigaddset(&stops, SIGINT);
  sigaddset(&stops, SIGTERM);
  // One that is ignored is for whoever started us to keep ignored: blocked, it would be waited for.
  struct sigaction hangup {};
  if (sigaction(SIGHUP, nullptr, &hangup) != 0 || hangup.sa_handler != SIG_IGN)
    sigaddset(&stops, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &stops, nullptr);
  signal(SIGXFSZ, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  static const bool waiting = [=] {
    std::thread thread(wait_for_stops, stops, first, second);
    waiter = thread.native_handle();
    thread.detach();
    return true;
  }();
  static_cast<void>(waiting);
  struct sigaction passing {};
  passing.sa_handler = pass_on;
  passing.sa_flags = SA_RESTART;
  for (const int stop : {SIGINT, SIGTERM, SIGHUP})
    if (sigismember(&stops, stop) == 1) sigaction(stop, &passing, nullptr);
}

void say_at_second_stop(std::function<std::string()> line) {
  const std::lock_guard lock(second_line().mutex);
  second_line().ask = std::move(line);
}

void request_stop(int signal) {
  int none = 0;
  received.compare_exchange_strong(none, signal);
}

int stop_signal() {
  return received;
}

}  // namespace reverie
