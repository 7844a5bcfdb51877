// Learning curves: a run's figures against its real steps, smoothed, and aggregated over runs that
// differ only by seed.
#pragma once

#include <reverie/runs/store.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace reverie {

class RunFolder;

struct CurvePoint {
  double steps = 0;  ///< Real steps.
  double value = 0;
  bool operator==(const CurvePoint&) const = default;
};
using Curve = std::vector<CurvePoint>;  ///< Sorted by steps.

/// Replaces each value by the mean over the last `window` real steps, as "Benchmarking Model-Based
/// Reinforcement Learning" (Wang et al. 2019) averages the last 5,000 for its table: methods with
/// short and long iterations are thus averaged over equally many episodes.
Curve over_last(int64_t window, const Curve& curve);

/// One point of several runs' curves combined.
struct BandPoint {
  double steps = 0;
  double mean = 0, low = 0, high = 0;  ///< Over the runs.
  int64_t runs = 0;                    ///< Number of runs whose curve covers this step.
};

/// Mean, minimum and maximum at every step at which any curve has a point. Curves are interpolated
/// linearly and count only from their first to their last point.
std::vector<BandPoint> band_of(const std::vector<Curve>& curves);

/// A run as read from its folder.
struct RunRecord {
  std::string method, task, seed;
  std::map<std::string, std::string> settings;  ///< By key, as in TOML; without the seed.
  std::vector<IterationRow> iterations;
};

/// Reads config.toml and the store, including those of a run still in training and of one with
/// settings unknown to this version; missing settings have their built-in values. Throws Error
/// where a file can't be read or no iteration is complete yet.
RunRecord read_record(const RunFolder& folder);

/// The curve of one figure of a run. Leaves out the real return of random actions, which is no
/// policy's, and values that are not finite or beyond 1e30.
Curve curve_of(const RunRecord& run, std::string_view metric);

/// The same for the quotient of two figures of the same iteration, such as return per step.
Curve curve_of(const RunRecord& run, std::string_view metric, std::string_view divisor);

/// Runs of one method on one task under the same settings, in the order in which they were given.
/// Run length, device and evaluation interval don't separate groups.
struct RunGroup {
  std::vector<RunRecord> runs;  ///< At least one.
  std::string label;            ///< Method, task and settings, where groups differ by them.
  int64_t repeats = 0;          ///< Runs left out: of a seed's runs the longest is kept.
};
std::vector<RunGroup> group_runs(const std::vector<RunRecord>& runs);

/// "3 seeds"
std::string count_of(const RunGroup& group);

/// Whether imagined episodes are as long as real ones in all runs that imagine: each run's longest
/// mean lengths (`imagination/episode_length`, `episode/length`) differ by at most 1%. Otherwise
/// (the imagination horizon differs from the task's, or episodes end early) only returns per step
/// can be compared.
bool imagines_whole_episodes(const std::vector<RunGroup>& groups);

}  // namespace reverie
