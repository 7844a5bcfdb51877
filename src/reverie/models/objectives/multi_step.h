// Multi-step prediction error: each step is predicted from the previous prediction.
#pragma once

#include <reverie/models/objectives/objective.h>

namespace reverie {

/// SLBO's loss (Luo et al., "Algorithmic framework for model-based deep reinforcement learning with
/// theoretical guarantees", 2019, section 6, in normalised units): from a recorded state s_t the
/// model predicts H steps on its own under the recorded actions, ŝ_{t+1}, ..., and the loss
///
///     (1/H) sum_i || ((ŝ_{t+i} - ŝ_{t+i-1}) - (s_{t+i} - s_{t+i-1})) / std ||_2
///
/// is its error on the changes: a norm, not its square, over all targets. Means are over rows.
/// Where an episode ends or the data have a gap (their last row counts as one) the walk continues
/// from the recorded state. A Gaussian head walks by its mean; its variance is trained by
/// likelihood on the first step with the mean held fixed. Walks from training rows pass through
/// held-out rows, so a multi-step holdout loss is less informative.
class MultiStep : public Objective {
 public:
  explicit MultiStep(int64_t steps) : steps_(steps) {}

  void prepare(const FitContext& context) override;
  int64_t steps() const override { return steps_; }
  Tensor walk_losses(const StepModel& step, const Tensor& index) const override;

  // The first step's loss only: with H = 1, the whole loss.
  Tensor loss(const Prediction& prediction, const Tensor& target,
              const Tensor& index) const override;
  Tensor losses(const Prediction& prediction, const Tensor& target,
                const Tensor& index) const override;

 private:
  int64_t steps_;
  Tensor observation_, action_, target_;  // [n, …] of the fit's data
  Tensor goes_on_;                        // [n] bool: whether the next row continues this one
};

}  // namespace reverie
