// Minibatches of a fit by torch: all members that are under way in one batch, and nothing waits.
#pragma once

#include <reverie/core/captured_work.h>
#include <reverie/models/objectives/objective.h>
#include <reverie/nn/ensemble_training_torch.h>

namespace reverie {

/// Some members of a model in training, a minibatch each at a time. Where asked for, a step is a
/// CUDA graph (core/captured_work.h).
class BatchTraining {
 public:
  /// A minibatch of each member.
  struct Minibatch {
    Tensor x;      ///< [m, n, in + 1]: normalised inputs, and ones
    Tensor y;      ///< [m, n, d]: normalised targets
    Tensor index;  ///< [m, n] int64: rows of the fit's data
  };
  /// What Adam's steps multiply with: a step's rows of two tables [steps, 2, m, 1].
  struct Factors {
    Tensor network, bounds;
  };

  /// Minibatches have up to `batch` rows. `bounds_moments` [2, K, 2 d] are Adam's for the bounds of
  /// the variance, undefined for a deterministic head.
  BatchTraining(DynamicsModel& model, const Objective& objective, std::vector<int64_t> members,
                Tensor bounds_moments, int64_t batch);

  const std::vector<int64_t>& members() const { return network_.members(); }

  /// The tables of the next `steps` steps; the bounds have made `bounds_steps` before.
  Factors factors(int64_t steps, int64_t bounds_steps, double learning_rate) const;

  /// Steps all members on their minibatches; adds their losses before it, times rows, to `total`.
  void train(const Minibatch& batch, const Factors& step);
  /// Adds the losses alone.
  void evaluate(const Minibatch& batch);
  /// [m] float64, on the device; whoever reads it sets it back.
  Tensor& total() { return total_; }

  /// All that steps change.
  struct State {
    AdamRows network, bounds;
  };
  State state();
  void restore(const State& state);
  /// Brings the model up to date with the last `steps` steps.
  void put_back(int64_t steps);

 private:
  void work(const Minibatch& batch, const Factors& step);
  void walk(const Minibatch& batch, const Factors& step);
  Tensor walk_losses(const Tensor& parameters, const Tensor& bounds, const Tensor& index) const;
  Tensor differentiate(const Tensor& raw, const Minibatch& batch, Tensor& gradient,
                       Tensor& bounds_gradient) const;
  /// The bounds [m, 1, 2, d] as `DynamicsModel::head` takes them, from [m, 2 d].
  Tensor as_bounds(const Tensor& flat) const;
  void add(const Tensor& losses, int64_t rows);

  DynamicsModel& model_;
  const Objective& objective_;
  EnsembleTraining network_;
  Tensor bounds_moments_;
  AdamRows bounds_;     ///< [m, 2 d]; undefined for a deterministic head
  Tensor bounds_pull_;  ///< [1, 2 d]
  Tensor gradient_;     ///< [m, batch, d] by a deterministic head's outputs
  Tensor total_;
  // What a captured step works on.
  Minibatch fixed_;
  Factors fixed_factors_;
  std::optional<CapturedWork> captured_;
};

}  // namespace reverie
