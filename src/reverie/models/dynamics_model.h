// A learned model of the world: an ensemble that predicts how a state changes.
#pragma once

#include <reverie/core/settings.h>
#include <reverie/data/normaliser.h>
#include <reverie/data/transitions.h>
#include <reverie/envs/task.h>
#include <reverie/nn/ensemble.h>
#include <reverie/nn/kernels/precision.h>

namespace reverie {

enum class Head { deterministic, gaussian };
std::vector<std::string> setting_names(Head);

struct ModelConfig {
  int64_t members = 5;
  std::vector<int64_t> hidden = {512, 512};
  Activation activation = Activation::relu;
  bool weight_normalisation = false;
  Head head = Head::deterministic;
  bool learn_reward = false;
  bool learn_end = false;
  bool clip_action = true;
  double clip_margin = 0.1;
  Precision precision = Precision::automatic;

  /// What the model predicts beside the change of the observation.
  int64_t extra_targets() const { return (learn_reward ? 1 : 0) + (learn_end ? 1 : 0); }

  void describe(Settings& settings);
};

/// What one member says of n transitions, in normalised units of the target. `log_variance` is
/// undefined for a deterministic head.
struct Prediction {
  Tensor mean;          ///< [n, d]
  Tensor log_variance;  ///< [n, d]
};

/// K networks f_k(s, a) -> s' - s (and, where they are learned, the reward and then whether s' ends
/// the episode: 1 or 0), inputs and targets normalised by statistics of the data (MB-MPO, section
/// 4.1; Nagabandi et al. 2018). A target that does not vary in the data is predicted as exactly
/// what it is there: what never changes within an episode, a goal say, stays to the last bit. The
/// Gaussian head also predicts a variance per dimension within soft bounds that are trained (Chua
/// et al. 2018, appendix A.1).
class DynamicsModel {
 public:
  DynamicsModel(const TaskSpec& spec, const ModelConfig& config, RandomStream& random);

  const ModelConfig& config() const { return config_; }
  int64_t members() const { return ensemble_.members(); }
  int64_t observation_size() const { return observation_size_; }
  int64_t action_size() const { return action_size_; }
  int64_t target_size() const { return observation_size_ + config_.extra_targets(); }
  /// Where the reward and the end stand among the targets, where they are learned.
  int64_t reward_column() const { return observation_size_; }
  int64_t end_column() const { return target_size() - 1; }
  /// A learned end, as predicted, above this is one: the mean of 0s and 1s is their probability.
  static constexpr float end_threshold = 0.5f;
  Ensemble& ensemble() { return ensemble_; }
  const Ensemble& ensemble() const { return ensemble_; }

  /// Moves everything that is a tensor. The data of a fit and the states of an imagination follow.
  void to(torch::Device device);

  /// Takes the statistics (normalisers, range of states) from the data that a fit is about to use.
  void set_statistics(const Transitions& data);

  /// Network inputs [n, o + a] and targets [n, target_size], normalised.
  Tensor inputs(const Tensor& observation, const Tensor& action) const;
  Tensor targets(const Transitions& data) const;

  /// Splits the raw outputs [n, …] of one member. Differentiable in `raw` and `bounds`.
  Prediction head(const Tensor& raw, const Tensor& bounds) const;
  /// The same of all members' raw outputs [K, n, …], by the bounds that each has.
  Prediction heads(const Tensor& raw) const;
  /// Added to a loss's derivative with respect to the highest variance bound and subtracted from
  /// that with respect to the lowest, so that each step draws them together (Chua et al. 2018,
  /// appendix A.1).
  static constexpr float bounds_pull = 0.01f;
  /// The soft bounds of the log-variance, [K, 2, d]: lowest, highest. Trained with the members.
  Tensor& variance_bounds() { return variance_bounds_; }
  const Tensor& variance_bounds() const { return variance_bounds_; }

  /// What every member predicts, normalised as `targets` are: [K, n, target_size], of the same rows
  /// [n, …] or of rows of its own [K, n, …].
  Tensor means(const Tensor& observation, const Tensor& action) const;

  /// Predicted mean successors [K, n, o] and, where they are learned, rewards and probabilities of
  /// an end [K, n], by every member for the same rows [n, …] or for rows of its own [K, n, …].
  /// Plain torch and differentiable: the twin of the imagination's own path.
  struct Successor {
    Tensor observation, reward, end;
  };
  Successor predict(const Tensor& observation, const Tensor& action) const;

  /// Where a predicted change [..., target_size], denormalised, leads from `observation` [..., o],
  /// within the range that imagined states keep to. Differentiable.
  Tensor next_observation(const Tensor& observation, const Tensor& change) const;

  /// The predicted means' squared error on `data`, over members, transitions and dimensions, in
  /// units of the targets' variance in the data of the last fit. On the model's device.
  double squared_error(const Transitions& data) const;

  /// What the imagination needs to turn a network's outputs into successors.
  const Normaliser& observation_normaliser() const { return observation_normaliser_; }
  const Normaliser& action_normaliser() const { return action_normaliser_; }
  const Normaliser& target_normaliser() const { return target_normaliser_; }
  /// [o]: imagined states stay above (what never changed in the data is free),
  const Tensor& lowest_state() const { return lowest_state_; }
  const Tensor& highest_state() const { return highest_state_; }  ///< [o]: and below.
  const Tensor& action_low() const { return action_low_; }        ///< [a]
  const Tensor& action_high() const { return action_high_; }      ///< [a]

  void serialize(Archive& archive);

 private:
  ModelConfig config_;
  int64_t observation_size_, action_size_;
  Tensor action_low_, action_high_;
  Normaliser observation_normaliser_, action_normaliser_, target_normaliser_;
  Tensor lowest_state_, highest_state_;
  Ensemble ensemble_;
  Tensor variance_bounds_;
};

}  // namespace reverie
