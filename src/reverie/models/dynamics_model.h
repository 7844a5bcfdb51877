// A learned dynamics model: an ensemble that predicts how a state changes.
#pragma once

#include <reverie/core/settings.h>
#include <reverie/data/normaliser.h>
#include <reverie/data/transitions.h>
#include <reverie/envs/task.h>
#include <reverie/models/heads.h>
#include <reverie/nn/ensemble.h>
#include <reverie/nn/kernels/precision.h>

namespace reverie {

/// Which member of the ensemble predicts a row's next state. All but `fixed` leave it to the elites
/// (see DynamicsModel::elites).
enum class Members {
  fixed,    ///< Each policy keeps one member for all its rollouts (MB-MPO).
  step,     ///< Every row draws a member at every step (ME-TRPO).
  episode,  ///< Every row draws a member per episode (torch: once for all its episodes).
  mean,     ///< The mean of the members' predictions; if sampled, with shared noise.
  median,   ///< Likewise the median, per dimension.
};

std::vector<std::string> setting_names(Members);

/// What the networks predict of a state.
enum class StateTarget { difference, next_state };
std::vector<std::string> setting_names(StateTarget);

/// Whether the soft bounds of the predicted variance are trained with the networks.
enum class VarianceBounds { learned, fixed };
std::vector<std::string> setting_names(VarianceBounds);

struct ModelConfig {
  int64_t members = 5;
  std::vector<int64_t> hidden = {512, 512};
  Activation activation = Activation::relu;
  bool weight_normalisation = false;
  FirstWeights init = FirstWeights::xavier;
  Head head = Head::deterministic;
  int64_t components = 10;
  VarianceBounds variance_bounds = VarianceBounds::learned;
  StateTarget target = StateTarget::difference;
  bool normalise_targets = true;
  int64_t elites = 0;
  bool learn_reward = false;
  bool learn_end = false;
  bool clip_action = true;
  double clip_margin = 0.1;
  Precision precision = Precision::automatic;

  /// Number of targets beside the change of the observation.
  int64_t extra_targets() const { return (learn_reward ? 1 : 0) + (learn_end ? 1 : 0); }

  void describe(Settings& settings);
};

/// K networks f_k(s, a) -> s' - s, or s' (followed, if learned, by the reward and by whether s'
/// ends the episode, 1 or 0), with inputs and, on request, targets normalised by statistics of the
/// data, each dimension by its own (MB-MPO, section 4.1; Nagabandi et al. 2018). A target that is
/// constant in the data is predicted as exactly that constant: where the target is the difference,
/// what never changes within an episode, such as a goal, is preserved bit for bit. The Gaussian
/// head also predicts a variance per dimension within trained soft bounds (Chua et al. 2018,
/// appendix A.1); a mixture head predicts a mixture of Gaussians per dimension.
class DynamicsModel {
 public:
  DynamicsModel(const TaskSpec& spec, const ModelConfig& config, RandomStream& random);

  const ModelConfig& config() const { return config_; }
  int64_t members() const { return ensemble_.members(); }
  /// The members, in order, that imagined steps are drawn from or combine: the `model.elites` best
  /// of the last fit, or all of them.
  const std::vector<int64_t>& elites() const { return elites_; }
  /// Chooses the elites by the members' losses [K], the lowest; without losses, all members.
  void choose_elites(const std::vector<double>& losses);
  int64_t observation_size() const { return observation_size_; }
  int64_t action_size() const { return action_size_; }
  int64_t target_size() const { return observation_size_ + config_.extra_targets(); }
  /// Columns of the reward and the end among the targets, if learned.
  int64_t reward_column() const { return observation_size_; }
  int64_t end_column() const { return target_size() - 1; }
  /// A predicted end above this ends the episode: as a mean of 0s and 1s it is a probability.
  static constexpr float end_threshold = 0.5f;
  Ensemble& ensemble() { return ensemble_; }
  const Ensemble& ensemble() const { return ensemble_; }

  /// Moves all tensors to `device`; the data of a fit and the states of an imagination follow.
  void to(torch::Device device);

  /// Sets the statistics (normalisers, range of states) from the data of the coming fit.
  void set_statistics(const Transitions& data);

  /// Network inputs [n, o + a] and targets [n, target_size], normalised (targets if
  /// `model.normalise_targets`).
  Tensor inputs(const Tensor& observation, const Tensor& action) const;
  Tensor targets(const Transitions& data) const;

  const HeadShape& head_shape() const { return head_; }
  /// Splits the raw outputs [n, …] of one member. Differentiable in `raw` and `bounds`.
  Prediction head(const Tensor& raw, const Tensor& bounds) const {
    return head_.split(raw, bounds);
  }
  /// Likewise for all members' raw outputs [K, n, …], each with its own bounds.
  Prediction heads(const Tensor& raw) const;
  /// Added to the loss's derivative with respect to the upper variance bound and subtracted from
  /// that with respect to the lower, so that each step pulls them together (Chua et al. 2018,
  /// appendix A.1).
  static constexpr float bounds_pull = 0.01f;
  /// The soft bounds of a Gaussian head's log-variance, [K, 2, d]: lowest, highest. Of a mixture
  /// [K, 1, 1]: see HeadShape::first_bounds. Trained with the members unless they are to be fixed.
  Tensor& variance_bounds() { return variance_bounds_; }
  const Tensor& variance_bounds() const { return variance_bounds_; }

  /// Returns every member's predicted means, normalised like `targets`: [K, n, target_size], for
  /// shared rows [n, …] or separate rows per member [K, n, …].
  Tensor means(const Tensor& observation, const Tensor& action) const;

  /// Every member's predicted mean successors [K, n, o] and, if learned, rewards and end
  /// probabilities [K, n], for shared rows [n, …] or separate rows per member [K, n, …]. Plain
  /// torch and differentiable: the counterpart of the imagination's own path.
  struct Successor {
    Tensor observation, reward, end;
  };
  Successor predict(const Tensor& observation, const Tensor& action) const;

  /// Returns the state that a denormalised prediction `change` [..., target_size] leads to from
  /// `observation` [..., o], clipped to the range of imagined states. Differentiable.
  Tensor next_observation(const Tensor& observation, const Tensor& change) const;

  /// Returns the squared error of the predicted means on `data`, averaged over members, transitions
  /// and dimensions, in units of the targets' variance in the last fit's data, or, where targets
  /// are not normalised, in their own. `data` must be on the model's device.
  double squared_error(const Transitions& data) const;

  /// What the imagination needs to turn a network's outputs into successors.
  const Normaliser& observation_normaliser() const { return observation_normaliser_; }
  const Normaliser& action_normaliser() const { return action_normaliser_; }
  const Normaliser& target_normaliser() const { return target_normaliser_; }
  /// [o]: bounds of imagined states; a dimension that never changed in the data is unbounded.
  const Tensor& lowest_state() const { return lowest_state_; }
  const Tensor& highest_state() const { return highest_state_; }  ///< [o]
  const Tensor& action_low() const { return action_low_; }        ///< [a]
  const Tensor& action_high() const { return action_high_; }      ///< [a]

  void serialize(Archive& archive);

 private:
  void serialize_elites(Archive& archive);

  ModelConfig config_;
  int64_t observation_size_, action_size_;
  Tensor action_low_, action_high_;
  Normaliser observation_normaliser_, action_normaliser_, target_normaliser_;
  Tensor lowest_state_, highest_state_;
  HeadShape head_;
  Ensemble ensemble_;
  Tensor variance_bounds_;
  std::vector<int64_t> elites_;
};

}  // namespace reverie
