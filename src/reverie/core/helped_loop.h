// Short loops of one thread, which idle threads help to run.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>

namespace reverie {

/// Loops of a few microseconds each, in too quick succession for `parallel_for`. One thread, the
/// owner, runs them in order; any number of helpers may join and leave meanwhile. The same indices
/// run with or without helpers, so results don't depend on them.
///
///     owner                                  helpers
///     loop.open();
///     for (…) loop.run(count, task);         loop.help();  // until it is closed
///     loop.close();
class HelpedLoop {
 public:
  /// Waiting threads spin for some 20 microseconds before sleeping, or, if `patient`, for some
  /// hundreds: for when every thread has its own processor.
  explicit HelpedLoop(bool patient = false) : patience_(patient ? 40 : 1) {}

  /// Makes helpers wait for loops from now on. Called by the owner.
  void open() { publish(0, 0, State::open); }
  /// Releases the helpers. Called by the owner when no loop is running.
  void close() { publish(0, 0, State::closed); }

  /// Runs `task(0) … task(count - 1)`, `count` below 2^15, and returns when all are done. Rethrows
  /// one of the exceptions thrown, if any. Called by the owner while the loop is open.
  template <class Task>
  void run(int64_t count, const Task& task) {
    run(
        count, [](const void* what, int64_t i) { (*static_cast<const Task*>(what))(i); }, &task);
  }

  /// Helps until the owner closes the loop; returns at once if it is already closed.
  void help();

 private:
  using Call = void (*)(const void* what, int64_t index);
  enum class State : uint64_t { closed = 0, open = 1 };

  void run(int64_t count, Call call, const void* task);
  void publish(int64_t count, int64_t next, State state);
  /// Runs one index of the current loop; returns false where none is left. `word` is set to the
  /// last value seen, which may belong to a later loop or be closed.
  bool claim(uint64_t& word);
  void run_one(int64_t index);

  // Packed in one word, so that a claim applies to the loop that was read: loop number (32 bits),
  // open (1), count (15), next index (16).
  static int64_t next_of(uint64_t word) { return static_cast<int64_t>(word & 0xffff); }
  static int64_t count_of(uint64_t word) { return static_cast<int64_t>(word >> 16 & 0x7fff); }
  static bool is_open(uint64_t word) { return (word >> 31 & 1) != 0; }
  alignas(64) std::atomic<uint64_t> word_{0};
  alignas(64) std::atomic<int64_t> left_{0};  ///< Indices not yet done.
  Call call_ = nullptr;
  const void* task_ = nullptr;
  std::mutex mutex_;
  std::exception_ptr failure_;  ///< Guarded by `mutex_`.
  std::atomic<bool> failed_{false};
  const int patience_;
};

}  // namespace reverie
