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

/// Of methods that learn between steps, in one environment.
struct StepCollectConfig : CollectConfig {
  StepCollectConfig() {
    random_steps = 5000;
    buffer = 1'000'000;
  }
  void describe(Settings& settings) {
    settings.add("random_steps", random_steps,
                 "real steps with uniform actions before anything is learned", at_least(1));
    settings.add("buffer", buffer, "newest real transitions that are remembered", between(1, 1e12));
  }
};

/// Takes a method's real steps, by episodes or one by one, stores them in a replay, and records
/// "return/real", "return/real_std", "episode/length", and "policy/saturated" or, for random
/// actions, "collect/random_actions".
class Collector {
 public:
  /// `policies` policies collect side by side. Transitions go to the session's replay "real".
  Collector(Session& session, const CollectConfig& config, int64_t policies = 1);

  /// Takes all the random steps on the first call and returns true; afterwards does nothing and
  /// returns false. Also does nothing if the actor already knows how to act: the first call of
  /// `episodes` then takes at least that many steps.
  bool explore();
  /// Skips the random steps: the actor is already trained.
  void know_how_to_act() { knows_how_to_act_ = true; }

  /// Returns rollouts [1, n, horizon, …] from fresh starts, one per environment.
  Rollouts episodes(Actor& actor);

  /// Takes `count` steps, going on where the last call stopped: for methods that learn between
  /// steps. Needs a single environment, so that each episode's transitions lie one after another.
  void steps(Actor& actor, int64_t count);
  /// For such methods: on the first call takes all the random steps or, where the actor already
  /// knows how to act, as many of its own, and returns true.
  bool take_first_steps(Actor& actor);
  /// Records the actions that `steps` has taken since the last call, and the episodes it has
  /// finished, if any.
  void record_finished();

  /// The transitions collected so far.
  const Replay& memory() const { return memory_; }

  /// The stream that actions are drawn from, also used to choose who acts.
  RandomStream& random() { return random_; }

  void serialize(Archive& archive);

 private:
  void record(double mean, double std, double episode_length) const;

  Session& session_;
  CollectConfig config_;
  Replay& memory_;
  RandomStream random_;
  bool knows_how_to_act_ = false;
  // Of `steps`: whether an episode is under way, and what it has come to; the returns and the
  // summed lengths of those that have ended since the last record.
  bool under_way_ = false;
  double return_ = 0;
  int64_t length_ = 0;
  std::vector<double> returns_;
  double lengths_ = 0;
  int64_t taken_ = 0;  ///< Steps since the last record.
};

}  // namespace reverie
