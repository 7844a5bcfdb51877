// Changes that `eval --set` and `watch --set` make to a run's task.
#pragma once

#include <reverie/core/settings.h>

#include <functional>
#include <string>
#include <vector>

namespace reverie::cli {

/// Assigns each "key=value" of `sets` to the settings. Setting a value that a run drew at each
/// reset (env.mass_scale of a run with an env.mass_spread) fixes it: the spread goes back to its
/// default, unless it is in `sets` too, and `note` gets a line about it. Throws UsageError as
/// Settings::assign does.
void vary(Settings& settings, const std::vector<std::string>& sets,
          const std::function<void(const std::string&)>& note);

}  // namespace reverie::cli
