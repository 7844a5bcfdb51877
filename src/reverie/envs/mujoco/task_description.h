// A task on a MuJoCo body in plain terms: what is observed, what is rewarded, when an episode ends.
#pragma once

#include <reverie/envs/mujoco/simulation.h>
#include <reverie/envs/task.h>

#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace reverie {

inline constexpr double infinity = std::numeric_limits<double>::infinity();

/// A stretch of the observation.
struct ObservedPart {
  enum class Function { value, sine, cosine };
  Quantity of;
  std::optional<Quantity> minus = {};  ///< If given, the difference is observed.
  Function function = Function::value;
  double clip = infinity;  ///< Each number is clipped to ±clip.
};

/// Weight times a number computed from a quantity or from the action, or times 1.
struct RewardTerm {
  /// action_change: the action, clipped to its range, minus the previous one.
  enum class Of { one, action, quantity, action_change };
  /// When the quantity is read: before or after the step; rate: its change divided by the step's
  /// seconds.
  enum class Moment { before, after, rate };
  /// How the components give a number. norm: Euclidean. shortfall: the sum of how far each is below
  /// 0. With d their norm: exponential is exp(-d / width); tolerance is 1 up to margin, then a
  /// Gaussian flank that reaches 0.1 at margin + width (dm_control's rewards.tolerance); within is
  /// 1 up to width, else 0. cosine, sine: summed over the components.
  enum class Number {
    sum,
    squares,
    absolutes,
    norm,
    shortfall,
    exponential,
    tolerance,
    within,
    cosine,
    sine
  };
  double weight = 1;
  Of of = Of::one;
  Quantity quantity = {};
  std::optional<Quantity> minus = {};
  Moment at = Moment::after;
  double target = 0;       ///< Subtracted from each component.
  double margin = 0;       ///< For absolutes: only the excess over this counts. See also Number.
  double width = 1;        ///< See Number.
  double clip = infinity;  ///< Each component is clipped to ±clip.
  Number number = Number::sum;
  double most = infinity;       ///< Upper bound on the number.
  bool while_healthy = false;   ///< Paid (or charged) in healthy states only.
  bool when_unhealthy = false;  ///< Paid (or charged) in unhealthy states only.
  /// What a model uses where the quantity is not observed; none: nothing. A rate of a position
  /// needs none: the velocity stands in for it.
  std::optional<Quantity> stand_in = {};
  /// Whether a model omits the term where the quantity is not observed (as published), instead of
  /// learning the reward.
  bool models_leave_it_out = false;
  /// Factors: the number is multiplied by each one's number.
  std::vector<RewardTerm> times = {};
};

/// In a healthy state every component of the quantity, or their norm, is in (low, high), or in
/// [low, high].
struct HealthyRange {
  Quantity of;
  double low = -infinity, high = infinity;
  bool ends_included = false;
  std::optional<Quantity> minus = {};  ///< If given, the difference is checked.
  bool norm = false;
};

/// Everything that defines a task on a MuJoCo body. `DescribedTask` turns it into what the
/// simulator and the imagination run.
struct TaskDescription {
  std::string name = {}, source = {};
  std::string remark = {};          ///< Added to the description text.
  std::string body;                 ///< An embedded MJCF file, or a path.
  double timestep = 0;              ///< Of a physics step, seconds; 0: as the file says.
  int frame_skip = 1;               ///< Physics steps per control step.
  bool forward_after_step = false;  ///< See SimulationPlan.
  int64_t horizon = 1000;
  ResetNoise reset = {};
  Start start = {};
  Arrange arrange = nullptr;  ///< Called by a reset after the noise.
  std::vector<Goal> goals = {};
  std::vector<ObservedPart> observe = {};
  std::vector<RewardTerm> reward = {};
  double reward_clip = infinity;  ///< The reward is clipped to ±reward_clip.
  /// Whether the real reward charges for the action as applied, clipped to the actuators' range,
  /// while a model's charges for the policy's raw action (rllab's normalising wrapper).
  bool charges_clipped_action = false;
  /// Whether an agent's actions are normalised: -1 to 1 maps to each actuator's range. Rewards
  /// always use the action in the actuators' units.
  bool normalised_actions = false;
  std::vector<HealthyRange> healthy = {};
  bool ends_when_unhealthy = true;
  /// Whether an episode ends where the simulation diverges, in the state before; otherwise
  /// divergence is an error. A model has no notion of divergence.
  bool ends_when_diverged = false;
  /// Whether the task's class computes a model's reward and termination itself.
  bool model_has_its_own = false;
  /// The reward as text, where the task's class computes the simulator's reward as well.
  std::string reward_in_words = {};
  std::vector<std::string> warnings = {};  ///< As in TaskSpec.
};

/// Everything that must be measured.
std::vector<Quantity> quantities(const TaskDescription& description);

/// The simulation that the task needs.
SimulationPlan plan(const TaskDescription& description);

/// The reward, and when an episode ends ("never ends early"), as text.
std::string reward_in_words(const TaskDescription& description);
std::string end_in_words(const TaskDescription& description);

/// The whole description as text, including both of these.
std::string words(const TaskDescription& description, double seconds_per_step);

// Shorthands for the suites.

inline Quantity positions(int64_t first = 0, int64_t count = 0) {
  return {Quantity::Kind::position, {}, first, count};
}
inline Quantity velocities(int64_t first = 0, int64_t count = 0) {
  return {Quantity::Kind::velocity, {}, first, count};
}
/// One component of a joint's position, or of its velocity.
inline Quantity position(std::string joint, int64_t component = 0) {
  return {Quantity::Kind::position, std::move(joint), component, 1};
}
inline Quantity velocity(std::string joint, int64_t component = 0) {
  return {Quantity::Kind::velocity, std::move(joint), component, 1};
}
inline Quantity body_position(std::string body, int64_t first = 0, int64_t count = 0) {
  return {Quantity::Kind::body_position, std::move(body), first, count};
}

inline RewardTerm bonus(double each_step) {
  return {.weight = each_step};
}
inline RewardTerm bonus_while_healthy(double each_step, RewardTerm::Moment at) {
  return {.weight = each_step, .at = at, .while_healthy = true};
}
/// -weight |action|^2
inline RewardTerm action_cost(double weight) {
  return {.weight = -weight, .of = RewardTerm::Of::action, .number = RewardTerm::Number::squares};
}
inline RewardTerm paid_for(Quantity quantity, RewardTerm::Moment at, double weight = 1) {
  return {
      .weight = weight, .of = RewardTerm::Of::quantity, .quantity = std::move(quantity), .at = at};
}

inline HealthyRange above(Quantity quantity, double low) {
  return {.of = std::move(quantity), .low = low};
}
inline HealthyRange within(Quantity quantity, double low, double high) {
  return {.of = std::move(quantity), .low = low, .high = high};
}

}  // namespace reverie
