#include <reverie/core/workers.h>

#include <ATen/Parallel.h>
#include <omp.h>

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#if defined(__GLIBC__)
#include <malloc.h>
#endif
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace reverie {
namespace {

thread_local bool inside_task = false;

/// One job at a time: the caller publishes it, workers and caller claim indices from a counter.
class Pool {
 public:
  static Pool& instance() {
    static Pool pool;
    return pool;
  }

  int count() const { return static_cast<int>(threads_.size()) + 1; }

  void resize(int count) {
    stop();
    stopping_ = false;
    for (int i = 1; i < std::max(1, count); ++i)
      threads_.emplace_back([this, seen = generation_] { serve(seen); });
  }

  void run(int64_t count, const std::function<void(int64_t)>& task) {
    if (inside_task || threads_.empty() || count <= 1) {
      for (int64_t i = 0; i < count; ++i) task(i);
      return;
    }
    // One parallel_for at a time; a second thread of the program's own waits here.
    const std::lock_guard<std::mutex> turn(turn_);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      task_ = &task;
      count_ = count;
      next_ = 0;
      failure_ = nullptr;
      busy_ = static_cast<int>(threads_.size());
      ++generation_;
    }
    wake_.notify_all();
    claim();
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [this] { return busy_ == 0; });
    task_ = nullptr;
    if (failure_) std::rethrow_exception(failure_);
  }

  ~Pool() { stop(); }

 private:
  Pool() { prepare_thread(); }

  void stop() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
  }

  void claim() {
    inside_task = true;
    for (int64_t i = next_++; i < count_; i = next_++) {
      try {
        (*task_)(i);
      } catch (...) {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
        next_ = count_;
      }
    }
    inside_task = false;
  }

  /// `seen`: the job that was last published when the thread was made; it may start after the next.
  void serve(int64_t seen) {
    prepare_thread();
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
      wake_.wait(lock, [&] { return stopping_ || generation_ != seen; });
      if (stopping_) return;
      seen = generation_;
      lock.unlock();
      claim();
      lock.lock();
      if (--busy_ == 0) done_.notify_one();
    }
  }

  std::vector<std::thread> threads_;
  std::mutex turn_, mutex_;
  std::condition_variable wake_, done_;
  const std::function<void(int64_t)>* task_ = nullptr;
  int64_t count_ = 0;
  std::atomic<int64_t> next_{0};
  int64_t generation_ = 0;
  int busy_ = 0;
  bool stopping_ = false;
  std::exception_ptr failure_;
};

}  // namespace

void prepare_thread() {
  omp_set_num_threads(1);
#if defined(__SSE__)
  // Flush to zero and denormals are zero: dying activations otherwise slow a fit 3 to 10 times.
  _mm_setcsr(_mm_getcsr() | 0x8040);
#endif
}

void set_worker_count(int count) {
#if defined(__GLIBC__)
  // Keep freed memory: the big tensors of each phase otherwise come back from the kernel page by
  // page.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, -1);
#endif
  at::set_num_threads(1);
  prepare_thread();
  Pool::instance().resize(count);
}

int worker_count() {
  return Pool::instance().count();
}

void parallel_for(int64_t count, const std::function<void(int64_t)>& task) {
  Pool::instance().run(count, task);
}

}  // namespace reverie
