// What a running agent tells whoever watches.
#pragma once

#include <string_view>

namespace reverie {

/// Receives figures from a running agent. Names are paths, "group/name": "return/real",
/// "model/holdout_loss". Wall-clock figures go under "time/": they are the only ones that may
/// differ between two runs of one seed.
class Monitor {
 public:
  virtual ~Monitor() = default;

  /// A figure of this iteration, kept in the run's store. A name given twice keeps the last value.
  virtual void record(std::string_view /*name*/, double /*value*/) {}

  /// How far the phase under way has come, 0 to 1; shown, not stored. Cheap: call it often.
  virtual void progress(std::string_view /*phase*/, double /*fraction*/) {}
};

}  // namespace reverie
