// Model advantage: how much of a state's value the model's error is worth.
#pragma once

#include <reverie/core/settings.h>
#include <reverie/data/normaliser.h>
#include <reverie/models/objectives/objective.h>
#include <reverie/models/objectives/objective_value.h>

namespace reverie {

enum class AdvantageNorm { l1, l2 };
std::vector<std::string> setting_names(AdvantageNorm);

struct ModelAdvantageConfig {
  AdvantageNorm norm = AdvantageNorm::l1;
  double factor = 0.01;
  int64_t value_every = 1;
  double plain = 0;

  void describe(Settings& settings);
};

/// Model-advantage (Modhe et al., "Model-advantage and value-aware models for model-based
/// reinforcement learning", 2021): `factor` times
///
///     |V(s') - V(f(s, a))|       l1, which bounds the policy's loss of return in the model
///     (V(s') - V(f(s, a)))^2     l2, value-aware model learning (IterVAML)
///
/// differentiated through V into the model alone, plus the squared error of the reward and of the
/// end, where they are learned. There is no likelihood term, as published: such a model need not
/// tell where a state is, only what it is worth, which does not suit rewards that are computed from
/// imagined states. For these `plain` times the squared error of the change of the state is added.
/// Squared errors are normalised, and means over the targets, as the likelihood's are.
///
/// V is that of the agent's critic, its heads' mean, or the objective's own (see ObjectiveValue).
/// The paper refits V inside model learning, in the model as it is then; here the own V is refitted
/// on the data before every `value_every`-th fit, which in an agent that alternates fits and policy
/// steps (slbo) comes between these.
///
/// A Gaussian head's mean learns by this alone, its variance by likelihood with the mean held fixed
/// (there is none in the paper).
class ModelAdvantage : public Objective {
 public:
  ModelAdvantage(const ModelAdvantageConfig& config, ObjectiveValue value)
      : config_(config), value_(std::move(value)) {}

  void prepare(const FitContext& context) override;
  void serialize(Archive& archive) override;

  Tensor loss(const Prediction& prediction, const Tensor& target,
              const Tensor& index) const override {
    return losses(prediction, target, index);
  }
  Tensor losses(const Prediction& prediction, const Tensor& target,
                const Tensor& index) const override;

 private:
  Tensor value_after(const Tensor& observation, const Tensor& prediction) const;

  ModelAdvantageConfig config_;
  ObjectiveValue value_;
  int64_t fits_ = 0;
  Tensor observation_;                    ///< [n, o] of the fit's data
  const DynamicsModel* model_ = nullptr;  ///< That of the last `prepare`.
  Tensor squares_;                        ///< [d]: weights of the squared errors
};

}  // namespace reverie
