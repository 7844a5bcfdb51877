// Actors choose actions in the real environments.
#pragma once

#include <reverie/core/random.h>
#include <reverie/data/transitions.h>
#include <reverie/envs/task.h>

#include <memory>

namespace reverie {

class Archive;
class Policy;

/// What an action is for.
enum class Mode {
  explore,  ///< To collect data: with the actor's noise.
  exploit,  ///< To perform well: without noise.
};

/// Acts in n parallel environments, on the CPU; may keep state between steps (a planner its plan,
/// an adapted model the last steps).
class Actor {
 public:
  virtual ~Actor() = default;

  /// Returns the actions [n, a] at `observation` [n, o]; noise is drawn from `random`.
  virtual Tensor act(const Tensor& observation, Mode mode, RandomStream& random) = 0;

  /// Receives the outcome of the last actions, one transition per environment.
  virtual void see(const Transitions&) {}

  /// Signals that new episodes begin in the environments marked in `which` [n] (bool).
  virtual void begin(const Tensor& /*which*/) {}

  /// Whether the actor uses `see` and `begin`.
  virtual bool remembers() const { return false; }

  virtual void serialize(Archive&) {}
};

/// Draws actions uniformly from the task's range, to explore and to exploit.
std::unique_ptr<Actor> uniform_actor(const TaskSpec& spec);

/// Passes the outcome of an actor's actions to it, and where episodes ended, if it `remembers`.
void tell(Actor& actor, const Transitions& step);

/// Acts with the current parameters of `policy`, which must outlive the actor. Exploits by the
/// mode.
std::unique_ptr<Actor> actor_of(const Policy& policy);

/// The same with `parameters` [g, p]: each of the g policies acts in a block of n / g environments.
std::unique_ptr<Actor> actor_of(const Policy& policy, const Tensor& parameters);

}  // namespace reverie
