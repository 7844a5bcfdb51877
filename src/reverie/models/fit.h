// Fitting the dynamics model.
#pragma once

#include <reverie/core/monitor.h>
#include <reverie/models/objectives/objective.h>

namespace reverie {

struct FitConfig {
  int64_t first_epochs = 50;
  int64_t epochs = 20;
  int64_t batch = 500;
  int64_t epoch_rows = 0;
  double learning_rate = 1e-3;
  double end_factor = 1.0;
  double holdout = 0.2;
  double persistence = 0.0;
  Precision precision = Precision::automatic;
  int64_t window = 0;

  void describe(Settings& settings);
  /// Throws UsageError for what fits on `device` don't have.
  void check_device(const torch::Device& device) const;
};

struct FitReport {
  double train_loss = 0;    ///< Mean over members, last epoch.
  double holdout_loss = 0;  ///< Mean over members, after the last epoch.
  double epochs = 0;        ///< Mean over members: early stopping ends each on its own.
  int64_t rows = 0;         ///< Rows seen in training, all members and epochs.
};

/// Fits every member to `data`, warm-started, on a random split of its own, redrawn at each call.
/// With `persistence` p > 0 a member stops when the rolling average of its holdout loss, r <- p r +
/// (1 - p) v from r = 1.5 v in the first epoch, rises (MB-MPO's code; without it, all epochs are
/// run). An epoch is `epoch_rows` rows of the training split, drawn anew each time without
/// replacement (0: all of them). Members train side by side on the worker threads; the result does
/// not depend on how many. Off the CPU, and for an objective of several steps, it is `fit_torch`.
/// Throws NonFiniteError, with the batch as evidence, for a loss that is not finite: the failing
/// member's weights are then those before the batch, while the statistics are the new data's and
/// the other members may have gone further. Adam's moments go on from fit to fit, but those of the
/// variance's bounds start anew. `policy` is the agent's, for objectives to look at.
FitReport fit(DynamicsModel& model, const Transitions& data, Objective& objective,
              const FitConfig& config, int64_t epochs, const RandomStream& random, Monitor& monitor,
              const GaussianPolicy* policy = nullptr);

}  // namespace reverie
