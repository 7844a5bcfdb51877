// Settings of the real world: a task's variations.
#pragma once

#include <reverie/core/settings.h>

#include <initializer_list>
#include <string_view>

namespace reverie {

/// Variations of any task, `env.…` in settings. The defaults are the task as published. Factors act
/// on the compiled body; tasks without a MuJoCo body refuse the ones that mean nothing to them.
struct EnvConfig {
  int64_t horizon = 0;
  int64_t version = 0;
  double mass_scale = 1.0;
  double friction_scale = 1.0;
  double damping_scale = 1.0;
  double gravity_scale = 1.0;
  double gear_scale = 1.0;
  int64_t disabled_actuator = -1;

  void describe(Settings& settings) {
    settings.add("horizon", horizon, "steps until truncation; 0: the task's own", at_least(0));
    settings.add("version", version,
                 "of a gym/ task: 4 or 5, as Gymnasium counts; 0: the newest, 5", between(0, 5));
    settings.add("mass_scale", mass_scale, "factor on all masses and inertias", between(0.01, 100));
    settings.add("friction_scale", friction_scale, "factor on all sliding frictions",
                 between(0, 100));
    settings.add("damping_scale", damping_scale, "factor on all joint damping", between(0, 100));
    settings.add("gravity_scale", gravity_scale, "factor on gravity", between(0, 100));
    settings.add("gear_scale", gear_scale, "factor on all actuator gears: strength",
                 between(0, 100));
    settings.add("disabled_actuator", disabled_actuator,
                 "an actuator that gives no force (a crippled joint), from 0; -1: none",
                 at_least(-1));
  }
};

/// Throws UsageError, naming key and range, for a value that its setting does not take: a struct
/// filled in by code has not passed through Settings.
void check_ranges(const EnvConfig& config);

/// Throws UsageError, naming key and task, where one of `keys` ("env.damping_scale") is not at its
/// default: for tasks that have no use for it.
void refuse_changes(const EnvConfig& config, std::initializer_list<std::string_view> keys,
                    std::string_view task);

}  // namespace reverie
