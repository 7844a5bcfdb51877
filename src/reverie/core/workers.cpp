#include <reverie/core/workers.h>

#include <reverie/core/processors.h>
#include <reverie/core/spin.h>

#include <ATen/Parallel.h>
#include <omp.h>

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#if defined(__GLIBC__)
#include <malloc.h>
#endif
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace reverie {
namespace {

thread_local bool inside_task = false;

}  // namespace

/// Indices that threads claim from a counter.
struct BackgroundWork::Job {
  Job(int64_t indices, std::function<void(int64_t)> what) : count(indices), task(std::move(what)) {}

  const int64_t count;
  const std::function<void(int64_t)> task;
  std::atomic<int64_t> next{0};
  std::atomic<bool> finished{false};  ///< A hint.

  // Under `mutex`.
  std::mutex mutex;
  std::condition_variable done;
  int claiming = 0;  ///< Threads at it.
  std::exception_ptr failure;

  /// Claims indices until none is left.
  void take_part() {
    {
      const std::lock_guard lock(mutex);
      ++claiming;
      finished = false;
    }
    const bool outer = std::exchange(inside_task, true);
    for (int64_t i = next++; i < count; i = next++) {
      try {
        task(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
        next = count;
      }
    }
    inside_task = outer;
    const std::lock_guard lock(mutex);
    if (--claiming == 0) {
      finished = true;  // for as long as nobody else comes to claim
      done.notify_all();
    }
  }

  void wait() {
    spin_until([this] { return finished.load(); });
    std::unique_lock lock(mutex);
    done.wait(lock, [this] { return claiming == 0 && next >= count; });
  }
};

namespace {

using Job = BackgroundWork::Job;

/// One job at a time: whoever comes next helps the last one to its end first.
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
      threads_.emplace_back([this, seen = generation_.load()] { serve(seen); });
  }

  /// Hands a job to the workers. Without any, `finish` does it all.
  void publish(const std::shared_ptr<Job>& job) {
    const std::lock_guard turn(turn_);
    if (current_) {
      current_->take_part();
      current_->wait();
    }
    {
      const std::lock_guard lock(mutex_);
      current_ = job;
      ++generation_;
    }
    wake_.notify_all();
  }

  ~Pool() { stop(); }

 private:
  Pool() { prepare_thread(); }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
  }

  /// `seen`: the job that was last published when the thread was made; it may start after the next.
  void serve(int64_t seen) {
    prepare_thread();
    while (true) {
      spin_until([&] { return generation_ != seen; });
      std::shared_ptr<Job> job;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [&] { return stopping_ || generation_ != seen; });
        if (stopping_) return;
        seen = generation_;
        job = current_;
      }
      job->take_part();
    }
  }

  std::vector<std::thread> threads_;
  std::mutex turn_, mutex_;
  std::condition_variable wake_;
  std::shared_ptr<Job> current_;
  std::atomic<int64_t> generation_ = 0;
  bool stopping_ = false;
};

void finish(Job& job) {
  job.take_part();
  job.wait();
  if (job.failure) std::rethrow_exception(std::exchange(job.failure, nullptr));
}

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
  Pool::instance().resize(count > 0 ? count : find_processors().usable());
}

int worker_count() {
  return Pool::instance().count();
}

void parallel_for(int64_t count, const std::function<void(int64_t)>& task) {
  Pool& pool = Pool::instance();
  if (inside_task || count <= 1 || pool.count() == 1) {
    for (int64_t i = 0; i < count; ++i) task(i);
    return;
  }
  const auto job = std::make_shared<Job>(count, std::cref(task));
  pool.publish(job);
  finish(*job);
}

BackgroundWork::BackgroundWork(int64_t count, std::function<void(int64_t)> task)
    : job_(std::make_shared<Job>(count, std::move(task))) {
  if (!inside_task) Pool::instance().publish(job_);
}

BackgroundWork::~BackgroundWork() {
  try {
    finish();
  } catch (...) {  // as documented
  }
}

void BackgroundWork::finish() {
  if (const auto job = std::exchange(job_, nullptr)) reverie::finish(*job);
}

}  // namespace reverie
