#include <reverie/runs/stop_signal.h>

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <thread>

namespace reverie {
namespace {

std::atomic<int> received{0};

}  // namespace

// No thread that computes may run a signal handler: oneDNN's matrix kernels keep a heap pointer in
// the stack register, and the kernel would write the handler's frame there (seen as heap corruption
// in a third of all stops). So the signals are blocked everywhere, and a thread of their own waits
// for them.
void install_stop_signals() {
  sigset_t stops;
  sigemptyset(&stops);
  sigaddset(&stops, SIGINT);
  sigaddset(&stops, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stops, nullptr);
  signal(SIGXFSZ, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  static const bool waiting = [stops] {
    std::thread([stops] {
      for (int signal = 0; sigwait(&stops, &signal) == 0;) {
        if (received != 0) _exit(128 + signal);
        received = signal;
      }
    }).detach();
    return true;
  }();
  static_cast<void>(waiting);
}

int stop_signal() {
  return received;
}

}  // namespace reverie
