// The physics under a task.
#pragma once

#include <reverie/core/random.h>

#include <array>
#include <memory>
#include <span>
#include <vector>

struct mjModel_;  // MuJoCo's

namespace reverie {

/// What stands where a reset has put it, no joint's doing.
struct Placed {
  /// A site in the world.
  struct Mark {
    int site;
    std::array<double, 3> at;
  };
  std::vector<double> mocap = {};  ///< [3 nmocap]; empty: where the MJCF has them.
  std::vector<Mark> marks = {};
};

/// What a picture of a system shows.
struct Pose {
  std::shared_ptr<const mjModel_> body;  ///< Null: there is nothing to see.
  std::vector<double> position;          ///< [nq] of the body's joints.
  Placed placed = {};
  std::vector<int> sites = {};  ///< Of the body: what the task looks at, also to be seen.
};

/// A simulated system: something with a state that steps under an action. Says nothing of
/// observations or rewards: those are the task's, made from `measure`.
class Simulation {
 public:
  virtual ~Simulation() = default;

  /// Puts the system in a fresh initial state drawn from `random`.
  virtual void reset(RandomStream& random) = 0;

  /// As `reset`, where only what `measure` says of it counts: no step follows.
  virtual void reset_to_measure(RandomStream& random) { reset(random); }

  /// Advances by one control step (all frames of it). `action` is finite and in the units of
  /// TaskSpec::action_low; out-of-range values are clipped to the actuators' range here.
  virtual void step(std::span<const double> action) = 0;

  /// Numbers a measurement has.
  virtual int64_t measurement_size() const = 0;
  /// Writes what the task's functions read: for MuJoCo bodies qpos, then qvel, then any extras.
  virtual void measure(std::span<double> out) const = 0;

  /// The MuJoCo body that it steps; null for a system with equations of its own.
  virtual const mjModel_* body() const { return nullptr; }

  /// The full state: `restore(state())` gives the same future, bit for bit.
  virtual std::vector<double> state() const = 0;
  virtual void restore(std::span<const double> state) = 0;

  /// How long a control step takes in the world, seconds; where the original says nothing of time,
  /// what looks right.
  virtual double seconds_per_step() const = 0;
  /// The state as a body to draw: the same object until the next reset at least.
  virtual Pose pose() const = 0;
};

}  // namespace reverie
