// The physics under a task.
#pragma once

#include <reverie/core/random.h>

#include <array>
#include <memory>
#include <span>
#include <vector>

struct mjModel_;  // MuJoCo's

namespace reverie {

/// Things that a reset places and no joint moves.
struct Placed {
  /// A site in the world.
  struct Mark {
    int site;
    std::array<double, 3> at;
  };
  std::vector<double> mocap = {};  ///< [3 nmocap]; empty: where the MJCF has them.
  std::vector<Mark> marks = {};
};

/// What to draw of a system.
struct Pose {
  std::shared_ptr<const mjModel_> body;  ///< Null: there is nothing to see.
  std::vector<double> position;          ///< [nq] of the body's joints.
  Placed placed = {};
  std::vector<int> sites = {};  ///< Of the body: those the task reads, to be drawn as well.
};

/// A simulated system: a state that an action advances. Knows nothing of observations or rewards:
/// the task computes those from `measure`.
class Simulation {
 public:
  virtual ~Simulation() = default;

  /// Puts the system in a fresh initial state drawn from `random`.
  virtual void reset(RandomStream& random) = 0;

  /// Like `reset`, where only `measure` is needed afterwards: no step follows.
  virtual void reset_to_measure(RandomStream& random) { reset(random); }

  /// Advances by one control step (all frames of it). `action` is finite and in the units of
  /// TaskSpec::action_low; out-of-range values are clipped to the actuators' range here.
  virtual void step(std::span<const double> action) = 0;

  /// How many numbers a measurement has.
  virtual int64_t measurement_size() const = 0;
  /// Writes what the task's functions read: for MuJoCo bodies qpos, then qvel, then any extras.
  virtual void measure(std::span<double> out) const = 0;

  /// The MuJoCo body being simulated; null for a system with equations of its own.
  virtual const mjModel_* body() const { return nullptr; }

  /// The full state: `restore(state())` gives the same future, bit for bit.
  virtual std::vector<double> state() const = 0;
  virtual void restore(std::span<const double> state) = 0;

  /// Simulated seconds per control step; where the original defines no time, what looks right.
  virtual double seconds_per_step() const = 0;
  /// The state as a body to draw; the body is the same object at least until the next reset.
  virtual Pose pose() const = 0;
};

}  // namespace reverie
