// The weights of each member's best epoch in a fit.
#pragma once

#include <reverie/models/fit_schedule.h>

#include <vector>

namespace reverie {

/// With `fit.restore_best`, keeps a copy of what each member was after its best epoch (see `fit`),
/// its variance's bounds included, and brings it back when the member has finished. Different
/// members may be seen to from different threads at once.
class BestWeights {
 public:
  BestWeights(DynamicsModel& model, const FitConfig& config);

  /// To be called when the member's parameters are up to date with an epoch that `schedule` has
  /// ended.
  void after_epoch(int64_t member, const FitSchedule& schedule);

 private:
  DynamicsModel& model_;
  const bool restores_;
  std::vector<Tensor> parameters_, bounds_;  ///< By member.
};

}  // namespace reverie
