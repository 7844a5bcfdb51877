// Estimates how long a run will still take.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace reverie {

/// Estimates the time left from the mean pace of the last iterations, enough of them that an
/// evaluation every few iterations doesn't make the estimate swing. Leaves out the first iteration,
/// whose steps are random and whose fit takes longest.
class Pace {
 public:
  static constexpr size_t kWindow = 20;

  /// Records the end of an iteration: real steps and seconds so far.
  void add(int64_t env_steps, double wall_seconds) { ends_.emplace_back(env_steps, wall_seconds); }

  /// Seconds until `budget` real steps at that pace; -1: not known yet.
  double seconds_left(int64_t budget) const {
    if (ends_.size() < 2) return -1;
    const auto& [steps, seconds] = ends_.back();
    const auto& [first_steps, first_seconds] =
        ends_[ends_.size() > kWindow ? ends_.size() - 1 - kWindow : 0];
    if (steps >= budget) return 0;
    if (steps <= first_steps) return -1;
    return (seconds - first_seconds) / static_cast<double>(steps - first_steps) *
           static_cast<double>(budget - steps);
  }

 private:
  std::vector<std::pair<int64_t, double>> ends_;
};

}  // namespace reverie
