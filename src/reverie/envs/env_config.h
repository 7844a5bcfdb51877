// Settings of the real world: a task's variations.
#pragma once

#include <reverie/core/settings.h>

#include <initializer_list>
#include <string_view>

namespace reverie {

/// What each reset cripples.
enum class Crippled { nothing, actuator, leg };
inline std::vector<std::string> setting_names(Crippled) {
  return {"nothing", "actuator", "leg"};
}

/// How distractor dimensions of the observation move (VaGraM's mbrl/env/distractor_dimensions.py).
enum class Distraction { sine, linear, noise };
inline std::vector<std::string> setting_names(Distraction) {
  return {"sine", "linear", "noise"};
}

/// Variations of any task, `env.…` in settings. The defaults are the task as published. Factors act
/// on the compiled body; tasks without a MuJoCo body refuse those that do not apply to them.
struct EnvConfig {
  int64_t horizon = 0;
  int64_t version = 0;
  int64_t action_repeat = 1;

  // The body, the same at each reset.
  double mass_scale = 1.0;
  double friction_scale = 1.0;
  double damping_scale = 1.0;
  double gravity_scale = 1.0;
  double gear_scale = 1.0;
  double slope = 0;
  int64_t disabled_actuator = -1;
  int64_t crippled_leg = -1;

  // Drawn at each reset.
  double mass_spread = 1.0;
  double friction_spread = 1.0;
  double damping_spread = 1.0;
  double gravity_spread = 1.0;
  double gear_spread = 1.0;
  double slope_spread = 0;
  Crippled cripple = Crippled::nothing;
  std::vector<int64_t> cripple_among = {};

  // What the agent does and sees.
  double action_noise = 0;
  double observation_noise = 0;
  bool noisy_reward = false;
  int64_t distractors = 0;
  Distraction distraction = Distraction::sine;
  int64_t distractor_seed = 0;

  void describe(Settings& settings) {
    settings.add(
        "horizon", horizon,
        "steps of the task until truncation, rounded up to whole actions; 0: the task's own",
        at_least(0));
    settings.add("version", version,
                 "of a gym/ task: 4 or 5, as Gymnasium counts; 0: the newest, 5", between(0, 5));
    settings.add("action_repeat", action_repeat,
                 "steps of the task that one action lasts; their rewards are added. An agent's "
                 "step, of which --steps and all else counts, is all of them",
                 between(1, 1000));

    settings.add("mass_scale", mass_scale, "factor on all masses and inertias", between(0.01, 100));
    settings.add("friction_scale", friction_scale, "factor on all sliding frictions",
                 between(0, 100));
    settings.add("damping_scale", damping_scale, "factor on all joint damping", between(0, 100));
    settings.add("gravity_scale", gravity_scale, "factor on gravity", between(0, 100));
    settings.add("gear_scale", gear_scale,
                 "factor on all forces of the actuators, and on their limits: strength",
                 between(0, 100));
    settings.add("slope", slope,
                 "degrees by which the ground rises along x (gravity leans back: coordinates go "
                 "with the ground)",
                 between(-90, 90));
    settings.add("disabled_actuator", disabled_actuator,
                 "an actuator that gives no force (a crippled joint), from 0; -1: none",
                 at_least(-1));
    settings.add("crippled_leg", crippled_leg,
                 "a limb of the trunk, from 0 in the order of the MJCF, whose actuators give no "
                 "force and whose geoms but the first shrink to half (GrBAL's crippled Ant); -1: "
                 "none",
                 at_least(-1));

    const char* spread =
        "each reset draws the factor anew, between {}_scale divided and multiplied by this, "
        "evenly in logarithm; 1: no drawing";
    const auto add_spread = [&](const char* what, double& value) {
      std::string doc = spread;
      doc.replace(doc.find("{}"), 2, what);
      settings.add(std::string(what) + "_spread", value, doc, between(1, 100));
    };
    add_spread("mass", mass_spread);
    add_spread("friction", friction_spread);
    add_spread("damping", damping_spread);
    add_spread("gravity", gravity_spread);
    add_spread("gear", gear_spread);
    settings.add("slope_spread", slope_spread,
                 "each reset draws the slope anew, evenly within slope +- this many degrees",
                 between(0, 90));
    settings.add("cripple", cripple,
                 "what each reset draws one of, to cripple it: an actuator (GrBAL's HalfCheetah) "
                 "or a leg (its Ant)");
    settings.add("cripple_among", cripple_among,
                 "the numbers of those it draws from; []: all (GrBAL's Ant trains on legs 0 to 2, "
                 "and is tested on crippled_leg 3)");

    settings.add("action_noise", action_noise,
                 "each number of an action is off by up to this, evenly, in the agent's units: "
                 "the actuators', or (of a robot of one's own) halves of their range",
                 at_least(0));
    settings.add("observation_noise", observation_noise,
                 "each number of an observation is off by up to this, evenly", at_least(0));
    settings.add("noisy_reward", noisy_reward,
                 "whether the reward is computed from the noisy action and observation (mbbl's "
                 "noisy tasks), not from what was meant and is true");
    settings.add(
        "distractors", distractors,
        "numbers added to the observation that have nothing to do with the task (VaGraM's)",
        between(0, 1000));
    settings.add("distraction", distraction,
                 "how they move: d <- M d with a fixed random M, plus 0.1 sin(P d) for sine, put "
                 "back to a fixed place beyond +-20; noise: anew from N(0, 1) at each step");
    settings.add("distractor_seed", distractor_seed, "which M, P and place are drawn", at_least(0));
  }
};

/// Throws UsageError, naming key and range, for a value its setting does not accept: a struct
/// filled in by code has not been checked by Settings.
void check_ranges(const EnvConfig& config);

/// A setting that is not at its default.
struct EnvChange {
  std::string key;  ///< "env.slope"
  SettingValue value, published;
};
std::vector<EnvChange> changes(const EnvConfig& config);

/// Throws UsageError, naming key and task, where one of `keys` ("env.damping_scale") is not at its
/// default: for tasks that do not support it.
void refuse_changes(const EnvConfig& config, std::initializer_list<std::string_view> keys,
                    std::string_view task);

}  // namespace reverie
