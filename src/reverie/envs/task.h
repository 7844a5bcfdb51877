// Observation, reward and termination, written once for simulator and imagination.
#pragma once

#include <reverie/core/tensor.h>

#include <string>
#include <vector>

namespace reverie {

/// The fixed facts of a task.
struct TaskSpec {
  std::string name;              ///< "suite/name"
  std::string description = {};  ///< The reward and the end of an episode, as text.
  std::string source = {};       ///< Paper or repository that defines it.
  int64_t observation_size = 0;
  /// The range of an agent's actions, one per actuator.
  std::vector<double> action_low = {}, action_high = {};
  /// Where an agent's actions are normalised (-1 to 1 above): the actuators' own range, to which
  /// they map. Empty: an agent acts in the actuators' units.
  std::vector<double> actuator_low = {}, actuator_high = {};
  int64_t horizon = 0;  ///< Steps until an episode is truncated.
  /// What the task's author should know before training on it, one sentence each.
  std::vector<std::string> warnings = {};

  Tensor lowest_action() const { return torch::tensor(action_low).to(torch::kFloat32); }  ///< [a]
  Tensor highest_action() const { return torch::tensor(action_high).to(torch::kFloat32); }
  int64_t action_size() const { return static_cast<int64_t>(action_low.size()); }
  bool normalises_actions() const { return !actuator_low.empty(); }
  /// The actuators' range, in their own units.
  const std::vector<double>& control_low() const {
    return normalises_actions() ? actuator_low : action_low;
  }
  const std::vector<double>& control_high() const {
    return normalises_actions() ? actuator_high : action_high;
  }
};

/// A task: functions on batches, dtype-agnostic (float64 from the simulator, float32 in
/// imagination) and differentiable wherever the formula is. A *measurement* is the row of numbers a
/// simulation gives after each step (see Simulation); an observation is computed from it.
///
/// Shapes: measurement [n, m], observation [n, o], action [n, a], reward [n], terminated [n]
/// (bool).
class Task {
 public:
  virtual ~Task() = default;

  const TaskSpec& spec() const { return spec_; }

  virtual Tensor observe(const Tensor& measurement) const = 0;

  /// The reward as a function of what an agent knows, which the imagination pays.
  virtual Tensor reward(const Tensor& observation, const Tensor& action,
                        const Tensor& next_observation) const = 0;

  /// Whether the simulator pays exactly `reward`. Where it does not (Gymnasium's HalfCheetah reads
  /// the position, which is not observed), `measured_reward` is overridden and `reward` is the
  /// published stand-in.
  virtual bool reward_is_exact() const { return true; }

  /// Whether `reward` covers everything the simulator pays for, even if not exactly. Where it does
  /// not, a model should learn the reward.
  virtual bool reward_is_told() const { return true; }

  /// The reward that the simulator pays.
  virtual Tensor measured_reward(const Tensor& measurement, const Tensor& action,
                                 const Tensor& next_measurement) const {
    return reward(observe(measurement), action, observe(next_measurement));
  }

  /// Whether `terminated` can ever be true; if not, there is no need to call it.
  virtual bool terminates() const { return false; }

  /// Whether the episode ends in this state, other than by its time limit.
  virtual Tensor terminated(const Tensor& next_observation) const {
    return torch::zeros({next_observation.size(0)}, next_observation.options().dtype(torch::kBool));
  }

  /// Whether the simulator ends episodes exactly where `terminated` says.
  virtual bool end_is_exact() const { return true; }

  /// Whether `terminated` covers every end, even if not exactly. Where it does not, a model should
  /// learn termination.
  virtual bool end_is_told() const { return true; }

  /// The rule the simulator applies. Overridden where the published rule reads more than is
  /// observed (Gymnasium's Hopper observes clipped velocities, but checks the true ones).
  virtual Tensor measured_terminated(const Tensor& next_measurement) const {
    return terminated(observe(next_measurement));
  }

 protected:
  TaskSpec spec_;
};

}  // namespace reverie
