// Learning curves: a run's figures against its real steps, smoothed, and one curve for runs that
// differ by their seed alone.
#pragma once

#include <reverie/runs/store.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace reverie {

class RunFolder;

struct CurvePoint {
  double steps = 0;  ///< Real ones.
  double value = 0;
  bool operator==(const CurvePoint&) const = default;
};
using Curve = std::vector<CurvePoint>;  ///< By rising steps.

/// Each value as the mean of those whose steps lie in the `window` real steps up to its own, as
/// "Benchmarking Model-Based Reinforcement Learning" (Wang et al. 2019) takes the last 5,000 for
/// its table: as many episodes for methods of short iterations as for those of long ones.
Curve over_last(int64_t window, const Curve& curve);

/// Several runs' curves as one.
struct BandPoint {
  double steps = 0;
  double mean = 0, low = 0, high = 0;  ///< Over the runs.
  int64_t runs = 0;                    ///< How many were that far, with a figure before it.
};

/// Mean, lowest and highest at every step at which any of the curves has a point; between its
/// points a curve is a straight line, and it counts from its first to its last one.
std::vector<BandPoint> band_of(const std::vector<Curve>& curves);

/// What a run's folder says of it.
struct RunRecord {
  std::string method, task, seed;
  std::map<std::string, std::string> settings;  ///< By key, as TOML writes them; seed left out.
  std::vector<IterationRow> iterations;
};

/// Reads config.toml and the store, also of a run that is being trained, and of one whose settings
/// this version doesn't know; those that it lacks have their built-in values. Throws Error for what
/// can't be read, and where no iteration is complete yet.
RunRecord read_record(const RunFolder& folder);

/// One figure of a run. Left out are the real return of random actions, which is no policy's, and
/// values that are not finite or beyond 1e30.
Curve curve_of(const RunRecord& run, std::string_view metric);

/// Likewise the quotient of two figures of the same iteration: a return per step.
Curve curve_of(const RunRecord& run, std::string_view metric, std::string_view divisor);

/// Runs of one method on one task under the same settings, in the order in which they were named.
/// How long a run is, where it computes and how often it is evaluated tell none apart.
struct RunGroup {
  std::vector<RunRecord> runs;  ///< At least one.
  std::string label;            ///< Method, task and settings, where groups differ by them.
};
std::vector<RunGroup> group_runs(const std::vector<RunRecord>& runs);

/// "3 seeds"; "3 runs" where a seed is there twice.
std::string count_of(const RunGroup& group);

/// Whether imagined episodes are as long as real ones in all runs that imagine: the longest mean
/// lengths (`imagination/episode_length`, `episode/length`) of each run are within a hundredth of
/// one another. Where they aren't, because the imagination's horizon is another than the task's or
/// episodes end early, only returns per step can be compared.
bool imagines_whole_episodes(const std::vector<RunGroup>& groups);

}  // namespace reverie
