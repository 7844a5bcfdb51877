// Who acts in the real world.
#pragma once

#include <reverie/core/random.h>
#include <reverie/data/transitions.h>

#include <memory>

namespace reverie {

class Archive;
class GaussianPolicy;

/// What an action is for.
enum class Mode {
  explore,  ///< To learn from: with the actor's noise.
  exploit,  ///< To do well: without.
};

/// Acts in n environments side by side, on the CPU; may remember what it saw (a planner its plan,
/// an adapted model the last steps).
class Actor {
 public:
  virtual ~Actor() = default;

  /// The actions [n, a] at `observation` [n, o]; noise is drawn from `random`.
  virtual Tensor act(const Tensor& observation, Mode mode, RandomStream& random) = 0;

  /// What came of the last actions, one transition an environment.
  virtual void see(const Transitions&) {}

  /// New episodes begin in the environments that `which` [n] (bool) names.
  virtual void begin(const Tensor& /*which*/) {}

  /// Whether `see` and `begin` mean anything to it.
  virtual bool remembers() const { return false; }

  virtual void serialize(Archive&) {}
};

/// Tells an actor that remembers what came of its actions, and where episodes ended with them.
void tell(Actor& actor, const Transitions& step);

/// Acts with `policy` as it stands at the time; it must outlive the actor. Exploits by the mean.
std::unique_ptr<Actor> actor_of(const GaussianPolicy& policy);

/// The same with `parameters` [g, p]: of n environments each policy acts in a block of n / g.
std::unique_ptr<Actor> actor_of(const GaussianPolicy& policy, const Tensor& parameters);

}  // namespace reverie
