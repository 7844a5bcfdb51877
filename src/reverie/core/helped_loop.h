// One thread's short loops, which whoever is free helps with.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>

namespace reverie {

/// Loops that follow each other too fast for `parallel_for`, some microseconds each. One thread,
/// the owner, runs them in order; any number of others may help meanwhile, and come and go. With or
/// without them the same indices run, so results don't depend on it.
///
///     owner                                  helpers
///     loop.open();
///     for (…) loop.run(count, task);         loop.help();  // until it is closed
///     loop.close();
class HelpedLoop {
 public:
  /// Who waits looks out for some 20 microseconds before sleeping, or, `patient`, for some
  /// hundreds: where every thread has a processor.
  explicit HelpedLoop(bool patient = false) : patience_(patient ? 40 : 1) {}

  /// From now on helpers wait for loops. The owner's.
  void open() { publish(0, 0, State::open); }
  /// Sends the helpers away. The owner's, when no loop is under way.
  void close() { publish(0, 0, State::closed); }

  /// Runs `task(0) … task(count - 1)`, fewer than 2^15, and returns when all are done. Of
  /// exceptions one is rethrown here. The owner's, while it is open.
  template <class Task>
  void run(int64_t count, const Task& task) {
    run(
        count, [](const void* what, int64_t i) { (*static_cast<const Task*>(what))(i); }, &task);
  }

  /// Helps until the owner closes; returns at once where it has.
  void help();

 private:
  using Call = void (*)(const void* what, int64_t index);
  enum class State : uint64_t { closed = 0, open = 1 };

  void run(int64_t count, Call call, const void* task);
  void publish(int64_t count, int64_t next, State state);
  /// Runs one index of the loop under way; false where none is left. `word` is then what was last
  /// seen, which may be a later loop's, or closed.
  bool claim(uint64_t& word);
  void run_one(int64_t index);

  // In one word, so that a claim is of the loop that was looked at: number of the loop (32 bits),
  // open (1), count (15), next index (16).
  static int64_t next_of(uint64_t word) { return static_cast<int64_t>(word & 0xffff); }
  static int64_t count_of(uint64_t word) { return static_cast<int64_t>(word >> 16 & 0x7fff); }
  static bool is_open(uint64_t word) { return (word >> 31 & 1) != 0; }
  alignas(64) std::atomic<uint64_t> word_{0};
  alignas(64) std::atomic<int64_t> left_{0};  ///< Indices that are not done.
  Call call_ = nullptr;
  const void* task_ = nullptr;
  std::mutex mutex_;
  std::exception_ptr failure_;  ///< Under `mutex_`.
  std::atomic<bool> failed_{false};
  const int patience_;
};

}  // namespace reverie
