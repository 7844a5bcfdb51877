// How many processors this process may use.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace reverie {

/// The limits on how many threads are worth running.
struct Processors {
  int machine = 1;              ///< Processors online.
  int affinity = 1;             ///< Those that this process may be scheduled on.
  std::optional<double> quota;  ///< CPU time that its control groups allow, in processors.

  /// The minimum of the three, at least 1. The quota is rounded down: with one more thread, all are
  /// throttled at the end of each period.
  int usable() const;
  /// "2 (of 16 here: affinity allows 4, the cgroup's quota 2.5)".
  std::string words() const;
};

/// Returns the text of a file, or nothing where it can't be read.
using FileReader = std::function<std::optional<std::string>(const std::string& path)>;

/// Returns the smallest CPU quota, in processors, of this process's control groups and their
/// ancestors: `cpu.max` in version 2, `cpu.cfs_quota_us` / `cpu.cfs_period_us` in version 1.
/// Nothing where there is no quota. `read` is given paths below /proc and in mounted control
/// groups.
std::optional<double> cgroup_quota(const FileReader& read);

/// Returns the current limits for the calling thread and the threads it starts.
Processors find_processors();

}  // namespace reverie
