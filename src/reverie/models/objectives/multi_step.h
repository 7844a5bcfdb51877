// The error of several steps, each predicted from the last one's prediction.
#pragma once

#include <reverie/models/objectives/objective.h>

namespace reverie {

/// SLBO's loss (Luo et al., "Algorithmic framework for model-based deep reinforcement learning with
/// theoretical guarantees", 2019, section 6, in normalised units): from a recorded state s_t the
/// model walks H steps by itself under the recorded actions, to ŝ_{t+1}, ..., and
///
///     (1/H) sum_i || ((ŝ_{t+i} - ŝ_{t+i-1}) - (s_{t+i} - s_{t+i-1})) / std ||_2
///
/// is what it misses of the changes: a norm, not its square, over all that it predicts. Means are
/// over rows. Where an episode ends or the data have a gap (their end is one, before their
/// beginning) the walk goes on from the recorded state. Of a Gaussian head the mean walks; its
/// variance is trained by likelihood on the first step, the mean held fixed. Rows that are held out
/// of a fit are seen by walks that begin before them, so that a holdout loss of several steps says
/// less.
class MultiStep : public Objective {
 public:
  explicit MultiStep(int64_t steps) : steps_(steps) {}

  void prepare(const FitContext& context) override;
  int64_t steps() const override { return steps_; }
  Tensor walk_losses(const StepModel& step, const Tensor& index) const override;

  // The first step's share alone: with H = 1, all.
  Tensor loss(const Prediction& prediction, const Tensor& target,
              const Tensor& index) const override;
  Tensor losses(const Prediction& prediction, const Tensor& target,
                const Tensor& index) const override;

 private:
  int64_t steps_;
  Tensor observation_, action_, target_;  // [n, …] of the fit's data
  Tensor goes_on_;                        // [n] bool: whether the next row goes on from this one
};

}  // namespace reverie
