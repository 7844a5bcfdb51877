// How many processors this process may use.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace reverie {

/// What bounds the threads that are worth having.
struct Processors {
  int machine = 1;              ///< Processors online.
  int affinity = 1;             ///< Of them, those this process may be scheduled on.
  std::optional<double> quota;  ///< Processors' worth of time that its control groups allow.

  /// The least of the three, at least 1. A quota is rounded down: with one thread more than that,
  /// all of them are held still at the end of each period.
  int usable() const;
  /// "2 (of 16 here: affinity allows 4, the cgroup's quota 2.5)".
  std::string words() const;
};

/// The text of a file; nothing where it can't be read.
using FileReader = std::function<std::optional<std::string>(const std::string& path)>;

/// The least CPU quota of the control groups that this process is in, and of those above them, in
/// processors: `cpu.max` of version 2, `cpu.cfs_quota_us` by `cpu.cfs_period_us` of version 1.
/// Nothing where there is none. `read` gets paths below /proc and of mounted control groups.
std::optional<double> cgroup_quota(const FileReader& read);

/// What holds now for the calling thread and those it starts.
Processors find_processors();

}  // namespace reverie
