// The one pool of worker threads that the whole program shares.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace reverie {

/// Sets the number of threads (including the caller of `parallel_for`); 0: as many as the process
/// may use processors (`find_processors`). Call before any work has started. Libtorch and BLAS are
/// limited to one thread each: parallelism comes from our tasks.
void set_worker_count(int count);
int worker_count();

/// Runs `task(0) … task(count - 1)`, claimed dynamically by the workers and the calling thread, and
/// returns when all are done. After an exception no further task is started; the first exception is
/// rethrown here, once the running tasks have ended. A call from inside a task runs in place. A
/// task's result must not depend on which thread runs it: reduce in task order afterwards.
void parallel_for(int64_t count, const std::function<void(int64_t)>& task);

/// Tasks that the other workers run while the caller continues. One at a time: a `parallel_for` or
/// another BackgroundWork started meanwhile finishes this one first.
class BackgroundWork {
 public:
  /// Like `parallel_for`, but returns at once unless an earlier job is still running. Whatever
  /// `task` refers to must live until `finish`.
  BackgroundWork(int64_t count, std::function<void(int64_t)> task);
  /// Finishes; exceptions thrown by the tasks are lost.
  ~BackgroundWork();
  BackgroundWork(BackgroundWork&&) = default;
  BackgroundWork& operator=(BackgroundWork&&) = delete;

  /// Helps until all tasks are done; rethrows the first exception. A second call does nothing.
  void finish();

  struct Job;

 private:
  std::shared_ptr<Job> job_;
};

/// Prepares the calling thread for numeric work: denormals flushed to zero (on x86), BLAS on one
/// thread.
void prepare_thread();

}  // namespace reverie
