// A small task for the tests of imagination.
#pragma once

#include <reverie/envs/task.h>

namespace reverie::testing {

/// Three observations, two actions. The reward is the first number of the next state minus 0.1
/// |action|^2; the episode ends where that number's magnitude exceeds `limit`, never for a limit of
/// 0. The second action lies within +-`second_action`.
class LineTask : public Task {
 public:
  explicit LineTask(double limit, double second_action = 1) : limit_(limit) {
    spec_.observation_size = 3;
    spec_.action_low = {-1, -second_action};
    spec_.action_high = {1, second_action};
    spec_.horizon = 12;
  }
  Tensor observe(const Tensor& measurement) const override { return measurement; }
  Tensor reward(const Tensor&, const Tensor& action, const Tensor& next) const override {
    return next.select(1, 0) - 0.1 * action.pow(2).sum(1);
  }
  bool terminates() const override { return limit_ > 0; }
  Tensor terminated(const Tensor& next) const override { return next.select(1, 0).abs() > limit_; }

 private:
  double limit_;
};

}  // namespace reverie::testing
