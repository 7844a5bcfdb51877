// One member's training, an epoch at a time, on one or more threads.
#pragma once

#include <reverie/core/helped_loop.h>
#include <reverie/models/best_weights.h>
#include <reverie/nn/kernels/mlp.h>

namespace reverie {

/// What all members share in a fit.
struct FitProblem {
  FitProblem(DynamicsModel& model, const Transitions& data, const Objective& objective,
             const FitConfig& config);

  DynamicsModel& model;
  const Objective& objective;
  const FitConfig& config;
  Tensor inputs, targets;            ///< [n, …], normalised
  std::vector<double> weight_decay;  ///< Of each layer; empty: none.
  BestWeights best;
  /// The weights' gradient and step, split into pieces for threads.
  std::vector<kernels::WeightPiece> row_pieces, column_pieces;
};

/// Working memory for one member's epoch.
struct FitWorkspace {
  explicit FitWorkspace(const FitProblem& problem);
  kernels::MlpPass pass;
  kernels::ReadyWeights weights;
  Tensor x, y;                  ///< A minibatch.
  Tensor output_gradient;       ///< dL/d(the network's outputs)
  std::vector<float> gradient;  ///< dL/d(effective weights)
};

/// One member's fit. A minibatch is divided, by its size and the network's alone, into blocks of
/// rows for the forward and backward passes and into pieces of the weights for their gradient and
/// step; all threads on a minibatch synchronise between these. So more threads than members can be
/// used, and the bits don't depend on the number of threads.
class MemberFit {
 public:
  /// `random`: the fit's.
  MemberFit(FitProblem& problem, int64_t member, int64_t epochs, const RandomStream& random);

  const FitSchedule& schedule() const { return schedule_; }
  bool finished() const { return schedule_.finished(); }
  int64_t epoch() const { return schedule_.epoch(); }

  /// Runs an epoch on the calling thread while `loop` is open; others may help.
  void run_epoch(FitWorkspace& workspace);
  HelpedLoop& loop() { return *loop_; }

 private:
  double sweep(const Tensor& index, FitWorkspace& workspace, bool train);
  double batch_loss(const Tensor& rows, FitWorkspace& workspace, bool train);
  void train_on(FitWorkspace& workspace, int64_t rows);
  void decay(const kernels::WeightPiece& piece, float* gradient) const;
  double judged(const Tensor& raw, const Tensor& target, const Tensor& rows) const;
  Tensor loss(const Tensor& raw, const Tensor& bounds, const Tensor& target,
              const Tensor& rows) const;
  double differentiate(const Tensor& raw, const Tensor& target, const Tensor& rows,
                       Tensor& output_gradient, Tensor& bounds_gradient) const;
  void step_bounds(const Tensor& gradient);
  void ready(FitWorkspace& workspace);

  FitProblem& problem_;
  int64_t member_;
  FitSchedule schedule_;
  std::unique_ptr<HelpedLoop> loop_;
  Tensor bounds_, bounds_moments_, bounds_gradient_;
  int64_t bounds_steps_ = 0;
};

}  // namespace reverie
