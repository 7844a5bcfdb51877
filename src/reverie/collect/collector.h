// The one place where real steps are taken.
#pragma once

#include <reverie/collect/session.h>
#include <reverie/core/settings.h>
#include <reverie/policies/actor.h>

namespace reverie {

struct CollectConfig {
  int64_t random_steps = 8000;
  int64_t rollouts = 1;
  int64_t horizon = 0;
  int64_t buffer = 12000;

  void describe(Settings& settings) {
    settings.add("random_steps", random_steps,
                 "real steps with uniform actions before anything is learned", at_least(0));
    settings.add("rollouts", rollouts, "real rollouts of each policy that collects, per iteration",
                 between(1, 1e6));
    settings.add("horizon", horizon,
                 "steps of a real rollout, after which the episode is left; 0: the task's horizon. "
                 "Shorter, 'return/real' is that of the rollout, not of an episode",
                 at_least(0));
    settings.add("buffer", buffer, "newest real transitions that are remembered", between(1, 1e12));
  }
};

/// Takes the real steps of a method, remembers them, and records how it went: "return/real",
/// "return/real_std", "episode/length", and "policy/saturated" or, of random actions,
/// "collect/random_actions".
class Collector {
 public:
  /// Collects with `policies` policies side by side. What it collects is remembered in the
  /// session's replay "real".
  Collector(Session& session, const CollectConfig& config, int64_t policies = 1);

  /// All the random steps, the first time; false, and nothing, ever after. Nothing as well where
  /// there is somebody who knows how to act: the first `episodes` then are as many steps.
  bool explore();
  /// Whoever acts knows how to from the start.
  void know_how_to_act() { knows_how_to_act_ = true; }
  bool knows_how_to_act() const { return knows_how_to_act_; }

  /// Rollouts [1, n, horizon, …] from fresh starts, one an environment.
  Rollouts episodes(Actor& actor);

  /// What has been collected.
  const Replay& memory() const { return memory_; }

  /// The stream that actions are drawn from, for choices of who acts.
  RandomStream& random() { return random_; }

  void serialize(Archive& archive);

 private:
  void record(const Rollouts& rollouts) const;

  Session& session_;
  CollectConfig config_;
  Replay& memory_;
  RandomStream random_;
  bool knows_how_to_act_ = false;
};

}  // namespace reverie
