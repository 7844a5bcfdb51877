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
  /// Throws UsageError for settings that fits on `device` do not support.
  void check_device(const torch::Device& device) const;
};

struct FitReport {
  double train_loss = 0;    ///< Mean over members, last epoch.
  double holdout_loss = 0;  ///< Mean over members, after the last epoch.
  double epochs = 0;        ///< Mean over members, which early stopping ends separately.
  int64_t rows = 0;         ///< Rows seen in training, all members and epochs.
};

/// Fits every member to `data`, warm-started, on its own random split, redrawn on each call. With
/// `persistence` p > 0 a member stops when the rolling average of its holdout loss, r <- p r + (1 -
/// p) v starting from r = 1.5 v in the first epoch, rises (MB-MPO's code; with p = 0 all epochs are
/// run). An epoch is `epoch_rows` rows of the training split, drawn afresh each time without
/// replacement (0: all of them). The result does not depend on the number of threads. Throws
/// NonFiniteError, with the batch as evidence, for a non-finite loss: the failing member then keeps
/// its weights from before the batch, while the statistics are the new data's and other members may
/// have trained further. Adam's moments carry over from fit to fit, except those of the variance
/// bounds, which start afresh. Moves `data` to the model's device. `policy` and `critic` are the
/// agent's, for objectives to use.
FitReport fit(DynamicsModel& model, const Transitions& data, Objective& objective,
              const FitConfig& config, int64_t epochs, const RandomStream& random, Monitor& monitor,
              const Policy* policy = nullptr, const Critic* critic = nullptr);

}  // namespace reverie
