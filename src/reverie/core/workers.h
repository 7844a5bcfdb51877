// The one pool of worker threads that the whole program shares.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace reverie {

/// Sets how many threads work (the caller of `parallel_for` included); 0: as many as the process
/// may use processors (`find_processors`). Call before any work is under way. Libtorch and BLAS are
/// held to one thread each: our tasks are the parallelism.
void set_worker_count(int count);
int worker_count();

/// Runs `task(0) … task(count - 1)`, claimed dynamically by the workers and the calling thread, and
/// returns when all are done. After an exception no further task is begun; the first one is
/// rethrown here, once those under way have ended. A call from inside a task runs in place. Which
/// thread runs a task must not matter to its result: reduce in task order afterwards.
void parallel_for(int64_t count, const std::function<void(int64_t)>& task);

/// Tasks that the other workers run while the caller goes on. One such at a time: who has more work
/// for the workers meanwhile, by `parallel_for` or another of these, finishes this one first.
class BackgroundWork {
 public:
  /// As `parallel_for`, but returns at once where no earlier one is under way. What `task` refers
  /// to must live until `finish`.
  BackgroundWork(int64_t count, std::function<void(int64_t)> task);
  /// Finishes; what the tasks threw is lost.
  ~BackgroundWork();
  BackgroundWork(BackgroundWork&&) = default;
  BackgroundWork& operator=(BackgroundWork&&) = delete;

  /// Takes part until all are done; rethrows the first exception. A second call does nothing.
  void finish();

  struct Job;

 private:
  std::shared_ptr<Job> job_;
};

/// Prepares the calling thread for numeric work: denormals flushed to zero (on x86), BLAS on one
/// thread.
void prepare_thread();

}  // namespace reverie
