// How a method learns its model: what is fitted, on what, for how long, and how well it did.
#pragma once

#include <reverie/collect/session.h>
#include <reverie/models/fit.h>
#include <reverie/models/objectives/registry.h>

#include <memory>

namespace reverie {

/// `model.…`, `fit.…` and `objective.…` in the settings of every method that learns a model.
struct LearnConfig {
  ModelConfig model;
  FitConfig fit;
  ObjectiveConfig objective;

  void describe(Settings& settings) {
    settings.group("model", model);
    settings.group("fit", fit);
    settings.group("objective", objective);
  }
};

/// A model and its fits. Records "model/train_loss", "model/holdout_loss", "model/epochs" and
/// "model/rows_fitted". On data collected since the last fit it also records, before refitting,
/// "model/new_data_error", the model's error where the policy goes now, and with several members
/// "model/disagreement", how much they disagree there, and "model/disagreement_rank", how well that
/// predicts where they are wrong.
class ModelLearner {
 public:
  ModelLearner(Session& session, const LearnConfig& config);

  const DynamicsModel& model() const { return model_; }

  /// Fits the model to the replay's newest `fit.window` transitions, or to all. `policy` and
  /// `critic`, if given, are for objectives to use.
  void learn(const Replay& replay, const Policy* policy = nullptr, const Critic* critic = nullptr);

  /// Weights, up to a factor, of the replay's transitions, oldest first, as starts of imagined
  /// rollouts, by the last fit's objective: [replay.size()] on the CPU, 0 for those that the fit
  /// did not see. Undefined: all alike.
  Tensor start_weights(const Replay& replay) const;

  /// Takes over the model that a learner with the same settings saved as `name` in `saved`. Throws
  /// Error, taking nothing, where the shapes differ.
  void take(Archive& saved, std::string_view name);

  void serialize(Archive& archive);

 private:
  void judge_new(const Transitions& data) const;

  Session& session_;
  LearnConfig config_;
  DynamicsModel model_;
  std::unique_ptr<Objective> objective_;
  RandomStream random_;
  int64_t fits_ = 0;
  int64_t seen_ = 0;  ///< Transitions added to the replay up to the last fit.
};

}  // namespace reverie
