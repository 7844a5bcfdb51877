// The monitor of a training run: gathers an iteration's figures and times its phases.
#pragma once

#include <reverie/core/monitor.h>
#include <reverie/runs/training_view.h>

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace reverie {

class Archive;

/// Figures and episodes recorded since the last iteration ended. A checkpoint made mid-iteration
/// includes them, except wall-clock figures ("time/…"): a checkpoint holds no clock times.
class RunMonitor : public Monitor {
 public:
  explicit RunMonitor(TrainingView& view) : view_(view) {}

  void record(std::string_view name, double value) override;
  void progress(std::string_view phase, double fraction) override;

  void set_status(const RunStatus& status);
  void add_episodes(const std::vector<Episode>& episodes);

  /// Returns this iteration's figures and episodes; the next one starts empty.
  IterationRow take(int64_t iteration, int64_t env_steps);

  /// Runs `work` and records the seconds it took as "time/<phase>".
  template <class Work>
  void timed(std::string_view phase, Work work) {
    progress(phase, 0);
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    record(std::string("time/").append(phase), taken.count());
    progress(phase, 1);
  }

  void serialize(Archive& archive);

 private:
  TrainingView& view_;
  std::mutex mutex_;
  RunStatus status_;
  std::chrono::steady_clock::time_point status_at_{};
  std::map<std::string, double> metrics_;
  std::vector<Episode> episodes_;
};

}  // namespace reverie
