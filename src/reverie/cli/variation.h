// What `eval --set` and `watch --set` change of a run's task.
#pragma once

#include <reverie/core/settings.h>

#include <functional>
#include <string>
#include <vector>

namespace reverie::cli {

/// Assigns each "key=value" of `sets` to the settings. Who sets what a run drew at each reset
/// (env.mass_scale of a run with an env.mass_spread) wants that value: the spread about it goes
/// back to its default, unless it is among `sets` too, and `note` hears of it in a line. Throws
/// UsageError as Settings::assign does.
void vary(Settings& settings, const std::vector<std::string>& sets,
          const std::function<void(const std::string&)>& note);

}  // namespace reverie::cli
