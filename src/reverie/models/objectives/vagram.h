// Value-gradient weights: a model that is good where it matters to the value.
#pragma once

#include <reverie/core/settings.h>
#include <reverie/models/objectives/objective.h>
#include <reverie/models/objectives/objective_value.h>

namespace reverie {

enum class VagramForm { bounded, unbounded };
std::vector<std::string> setting_names(VagramForm);

struct VagramConfig {
  VagramForm form = VagramForm::bounded;
  double quantile = 0.95;
  int64_t plain_fits = 1;

  void describe(Settings& settings);
};

/// VaGraM (Voelcker et al., "Value gradient weighted model-based reinforcement learning", ICLR
/// 2022). With an error e = f(s, a) - s' of the predicted next state and g = dV/ds at the true s',
///
///     dim(S) sum_i g_i^2 e_i^2     bounded, the paper's loss
///     (sum_i g_i e_i)^2            unbounded, to first order V's error itself
///
/// plus the squared error of the reward and of the end, where they are learned; all in units of the
/// task, as published. By Cauchy and Schwarz the first is never below the second, and unlike it
/// leaves no direction free. V is that of the agent's critic, or the objective's own (see
/// ObjectiveValue), as it is before the fit; with several heads the loss is their mean. Gradients
/// longer than the `quantile` of all lengths are cut to it, as the paper says (its code,
/// github.com/pairlab/vagram, cuts above 1e5 only). The first `plain_fits` fits add |e|^2; the code
/// does so in its first 1,000 real steps, which are four fits of its agent, and takes the mean over
/// dimensions where the paper has their sum times dim(S).
///
/// A Gaussian head's mean learns by this alone, its variance by likelihood with the mean held
/// fixed (there is none in the paper).
class Vagram : public Objective {
 public:
  Vagram(const VagramConfig& config, ObjectiveValue value)
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
  void weigh(const FitContext& context, const Tensor& gradients);

  VagramConfig config_;
  ObjectiveValue value_;
  int64_t fits_ = 0;
  // Of errors in units of the model's targets:
  Tensor squares_;     ///< [n, d]: weights of their squares
  Tensor directions_;  ///< [n, K, o]: the value's gradients, if unbounded
};

}  // namespace reverie
