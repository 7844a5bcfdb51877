#include <reverie/models/best_weights.h>

namespace reverie {

BestWeights::BestWeights(DynamicsModel& model, const FitConfig& config)
    : model_(model),
      restores_(config.restore_best),
      parameters_(static_cast<size_t>(model.members())),
      bounds_(parameters_.size()) {}

void BestWeights::after_epoch(int64_t member, const FitSchedule& schedule) {
  if (!restores_ || schedule.holdout().size(0) == 0) return;
  Tensor& parameters = parameters_[static_cast<size_t>(member)];
  Tensor& bounds = bounds_[static_cast<size_t>(member)];
  const bool has_bounds = model_.variance_bounds().defined();
  if (schedule.improved()) {
    parameters = model_.ensemble().parameters()[member].clone();
    if (has_bounds) bounds = model_.variance_bounds()[member].clone();
  } else if (schedule.finished()) {
    model_.ensemble().set_parameters(member, parameters);
    if (has_bounds) model_.variance_bounds()[member].copy_(bounds);
  }
}

}  // namespace reverie
