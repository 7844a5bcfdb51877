// Minibatch training of a torch fit: all active members in one batch, without device waits.
#pragma once

#include <reverie/core/captured_work.h>
#include <reverie/models/fit.h>
#include <reverie/nn/ensemble_training_torch.h>

namespace reverie {

/// Trains some members of a model, one minibatch each per step. On request a step runs as a CUDA
/// graph (core/captured_work.h).
class BatchTraining {
 public:
  /// One minibatch per member.
  struct Minibatch {
    Tensor x;      ///< [m, n, in + 1]: normalised inputs, then a column of ones
    Tensor y;      ///< [m, n, d]: normalised targets
    Tensor index;  ///< [m, n] int64: rows of the fit's data
  };
  /// Factors of Adam's steps: tables [steps, 2, m, 1], or one step's rows of them.
  struct Factors {
    Tensor network, bounds;
  };

  /// `bounds_moments` [2, K, b] are Adam's moments for the b numbers of a member's variance bounds,
  /// undefined for a deterministic head.
  BatchTraining(DynamicsModel& model, const Objective& objective, std::vector<int64_t> members,
                Tensor bounds_moments, const FitConfig& config);

  const std::vector<int64_t>& members() const { return network_.members(); }

  /// Returns the tables for the next `steps` steps; the bounds have already taken `bounds_steps`.
  Factors factors(int64_t steps, int64_t bounds_steps, double learning_rate) const;

  /// Steps each member on its minibatch; adds its prior loss, times rows, to `total`.
  void train(const Minibatch& batch, const Factors& step);
  /// Adds the losses by which the holdout is judged to `total`, without taking a step.
  void evaluate(const Minibatch& batch);
  /// Summed losses [m] float64, on the device; the caller resets them after reading.
  Tensor& total() { return total_; }

  /// Everything that steps change.
  struct State {
    AdamRows network, bounds;
  };
  State state();
  void restore(const State& state);
  /// Writes the results of the last `steps` steps back to the model.
  void put_back(int64_t steps);

 private:
  void work(const Minibatch& batch, const Factors& step);
  void walk(const Minibatch& batch, const Factors& step);
  void step_bounds(const Tensor& gradient, const Factors& step);
  Tensor weight_penalty(const Tensor& parameters) const;
  Tensor walk_losses(const Tensor& parameters, const Tensor& bounds, const Tensor& index) const;
  Tensor differentiate(const Tensor& raw, const Minibatch& batch, Tensor& gradient,
                       Tensor& bounds_gradient) const;
  /// Reshapes bounds [m, b] to [m, 1, …], as `DynamicsModel::head` takes them.
  Tensor as_bounds(const Tensor& flat) const;
  void add(const Tensor& losses, int64_t rows);

  DynamicsModel& model_;
  const Objective& objective_;
  std::vector<double> weight_decay_;  ///< Of each layer; empty: none.
  EnsembleTraining network_;
  bool learns_bounds_, by_squared_error_;
  Tensor bounds_moments_;
  AdamRows bounds_;     ///< [m, b]; undefined for a deterministic head
  Tensor bounds_pull_;  ///< [1, b]
  Tensor gradient_;     ///< [m, batch, d] with respect to a deterministic head's outputs
  Tensor total_;
  // Fixed buffers of a captured step.
  Minibatch fixed_;
  Factors fixed_factors_;
  std::optional<CapturedWork> captured_;
};

}  // namespace reverie
