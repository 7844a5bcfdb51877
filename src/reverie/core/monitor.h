// What a running agent reports to its observers.
#pragma once

#include <string_view>

namespace reverie {

/// Receives metrics from a running agent. Names are paths, "group/name": "return/real",
/// "model/holdout_loss". Wall-clock metrics go under "time/": only they may differ between two runs
/// with the same seed.
class Monitor {
 public:
  virtual ~Monitor() = default;

  /// Records a metric of this iteration in the run's store. For a repeated name the last value
  /// wins.
  virtual void record(std::string_view /*name*/, double /*value*/) {}

  /// Reports progress of the current phase, 0 to 1; shown, not stored. Cheap: call it often.
  virtual void progress(std::string_view /*phase*/, double /*fraction*/) {}
};

}  // namespace reverie
