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

/// A model and its fits. Records "model/train_loss", "model/holdout_loss", "model/epochs",
/// "model/rows_fitted", and of what was collected since the last fit, before this one sees it,
/// "model/new_data_error": how wrong the model is where the policy goes now; of several members
/// also "model/disagreement", how far apart they are there, and "model/disagreement_rank", how well
/// that tells where they are wrong.
class ModelLearner {
 public:
  ModelLearner(Session& session, const LearnConfig& config);

  const DynamicsModel& model() const { return model_; }

  /// Fits the model to the replay's newest `fit.window` transitions, or to all. `policy`, where
  /// there is one, is the policy that objectives may look at.
  void learn(const Replay& replay, const GaussianPolicy* policy = nullptr);

  /// Takes the model that a learner of the same settings saved as `name` in `saved`. Throws Error
  /// where its shape is another: nothing is taken then.
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
  int64_t seen_ = 0;  ///< Transitions that the replay had been given at the last fit.
};

}  // namespace reverie
