// Fitting the dynamics model.
#pragma once

#include <reverie/core/monitor.h>
#include <reverie/models/objectives/objective.h>

namespace reverie {

/// What ends a member's training before the last epoch: a rising rolling average of its holdout
/// loss, or no new best one for some epochs.
enum class EarlyStop { average, best };
std::vector<std::string> setting_names(EarlyStop);

/// By what a member is judged on the holdout: the fit's objective, or the squared error of its
/// means over all targets.
enum class HoldoutLoss { objective, squared_error };
std::vector<std::string> setting_names(HoldoutLoss);

struct FitConfig {
  int64_t first_epochs = 50;
  int64_t epochs = 20;
  int64_t batch = 500;
  int64_t epoch_rows = 0;
  double learning_rate = 1e-3;
  double end_factor = 1.0;
  std::vector<double> weight_decay;
  bool bootstrap = false;
  double holdout = 0.2;
  int64_t most_holdout = 0;
  HoldoutLoss holdout_loss = HoldoutLoss::objective;
  EarlyStop stop = EarlyStop::average;
  double persistence = 0.0;
  double improvement = 0.01;
  int64_t patience = 5;
  bool restore_best = false;
  Precision precision = Precision::automatic;
  int64_t window = 0;

  void describe(Settings& settings);
  /// Throws UsageError for settings that fits on `device` do not support.
  void check_device(const torch::Device& device) const;
  /// The weight decay of each of a network's layers; empty: none. Throws UsageError where the
  /// setting has another number of layers.
  std::vector<double> decay_of(int64_t layers) const;
};

struct FitReport {
  double train_loss = 0;               ///< Mean over members, last epoch.
  double holdout_loss = 0;             ///< Mean over members, after the last epoch.
  double epochs = 0;                   ///< Mean over members, which early stopping ends separately.
  int64_t rows = 0;                    ///< Rows seen in training, all members and epochs.
  std::vector<double> holdout_losses;  ///< Each member's, as it is kept; empty without a holdout.
};

/// Fits every member to `data`, warm-started, on its own random split, redrawn on each call. An
/// epoch is `epoch_rows` rows of the training split, drawn afresh each time without replacement (0:
/// all of them). With `bootstrap` members share a split, so that their holdout losses compare, and
/// each trains on as many rows as there are in it, drawn once with replacement (MBPO, PETS).
///
/// What ends a member's training early is looked for after each epoch, member by member (MBPO's
/// code goes on with all while one improves), and needs a holdout. With `stop` = average and
/// `persistence` p > 0 a member stops when the rolling average of its holdout loss, r <- p r + (1 -
/// p) v starting from r = 1.5 v in the first epoch, rises (MB-MPO's code; with p = 0 all epochs are
/// run). With `stop` = best it stops when for more than `patience` epochs the loss has not come to
/// lie below the best before by more than the fraction `improvement` of it (MBPO's code). With
/// `restore_best` a member ends with the weights of the last epoch whose loss did; Adam's moments
/// stay as they are. The elites are chosen by the holdout loss of the weights that are kept.
///
/// Weight decay adds 0.5 d |W|^2 for each layer to what is minimised, not to the losses reported.
/// The result does not depend on the number of threads. Throws NonFiniteError, with the batch as
/// evidence, for a non-finite loss: the failing member then keeps its weights from before the
/// batch, while the statistics are the new data's and other members may have trained further.
/// Adam's moments carry over from fit to fit, except those of the variance bounds, which start
/// afresh. Moves `data` to the model's device. `policy` and `critic` are the agent's, for
/// objectives to use, as is `fresh`: how many of the newest rows are new since the last fit.
FitReport fit(DynamicsModel& model, const Transitions& data, Objective& objective,
              const FitConfig& config, int64_t epochs, const RandomStream& random, Monitor& monitor,
              const Policy* policy = nullptr, const Critic* critic = nullptr, int64_t fresh = 0);

}  // namespace reverie
