#include <reverie/core/helped_loop.h>
#include <reverie/core/spin.h>

#include <utility>

namespace reverie {
void HelpedLoop::publish(int64_t count, int64_t next, State state) {
  const uint64_t number = (word_.load(std::memory_order_relaxed) >> 32) + 1;
  word_.store(number << 32 | static_cast<uint64_t>(state) << 31 |
                  static_cast<uint64_t>(count) << 16 | static_cast<uint64_t>(next),
              std::memory_order_release);
  word_.notify_all();  // no system call where nobody sleeps
}

void HelpedLoop::run_one(int64_t index) {
  try {
    call_(task_, index);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    failure_ = std::current_exception();
    failed_ = true;
  }
  if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) left_.notify_all();
}

bool HelpedLoop::claim(uint64_t& word) {
  while (next_of(word) < count_of(word)) {
    // While an index is not done its loop can't be followed by another: `call_` stays.
    if (!word_.compare_exchange_weak(word, word + 1, std::memory_order_acq_rel)) continue;
    run_one(next_of(word));
    word = word_.load(std::memory_order_acquire);
    return true;
  }
  return false;
}

void HelpedLoop::run(int64_t count, Call call, const void* task) {
  call_ = call;
  task_ = task;
  left_.store(count, std::memory_order_relaxed);
  publish(count, 0, State::open);
  for (uint64_t word = word_.load(); claim(word);) {
  }
  spin_until([this] { return left_.load(std::memory_order_acquire) == 0; }, patience_);
  for (int64_t left = left_.load(); left != 0; left = left_.load()) left_.wait(left);
  if (!failed_) return;
  const std::lock_guard lock(mutex_);
  failed_ = false;
  std::rethrow_exception(std::exchange(failure_, nullptr));
}

void HelpedLoop::help() {
  uint64_t word = word_.load(std::memory_order_acquire);
  while (is_open(word)) {
    if (next_of(word) < count_of(word)) {
      claim(word);  // whether or not it got one, `word` is what was last seen: open or closed
      continue;
    }
    spin_until([&] { return word_.load(std::memory_order_relaxed) != word; }, patience_);
    word_.wait(word);
    word = word_.load(std::memory_order_acquire);
  }
}

}  // namespace reverie
