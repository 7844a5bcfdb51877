#include <reverie/models/fit_schedule.h>
#include <reverie/models/fit_torch.h>
#include <reverie/nn/adam_torch.h>

namespace reverie {
namespace {

/// All members' way through a fit. Members that have stopped take no part in a batch.
class BatchedFit {
 public:
  BatchedFit(DynamicsModel& model, const Objective& objective, const FitConfig& config,
             const Transitions& data, int64_t epochs, const RandomStream& random)
      : model_(model),
        objective_(objective),
        config_(config),
        inputs_(model.inputs(data.observation, data.action)),
        targets_(model.targets(data)) {
    for (int64_t k = 0; k < model.members(); ++k)
      schedules_.emplace_back(config, data.size(), epochs, random.split(static_cast<uint64_t>(k)));
    if (model.config().head != Head::gaussian) return;
    bounds_first_ = torch::zeros_like(model.variance_bounds());
    bounds_second_ = torch::zeros_like(model.variance_bounds());
    bounds_steps_ = torch::zeros({model.members()}, torch::kInt64);
  }

  const std::vector<FitSchedule>& schedules() const { return schedules_; }

  /// An epoch of every member that has not stopped; false where all have.
  bool run_epoch() {
    members_.clear();
    for (size_t k = 0; k < schedules_.size(); ++k)
      if (!schedules_[k].finished()) members_.push_back(static_cast<int64_t>(k));
    if (members_.empty()) return false;
    std::vector<Tensor> train, holdout;
    bool wanted = false;  // by all of them or by none
    for (const int64_t k : members_) {
      train.push_back(schedules_[k].shuffle());
      holdout.push_back(schedules_[k].holdout());
      wanted = schedules_[k].wants_holdout();
    }
    const auto train_losses = sweep(torch::stack(train), true);
    auto holdout_losses = std::vector<double>(members_.size(), 0.0);
    if (wanted) holdout_losses = sweep(torch::stack(holdout), false);
    for (size_t i = 0; i < members_.size(); ++i)
      schedules_[members_[i]].end_epoch(train_losses[i], holdout_losses[i]);
    return true;
  }

 private:
  double learning_rate() const {  // the same for all: those under way are in the same epoch
    return schedules_[members_.front()].learning_rate();
  }

  /// The mean loss of each member over its own row of `order` [m, n], batch by batch, training on
  /// each if asked to.
  std::vector<double> sweep(const Tensor& order, bool train) {
    std::vector<double> total(members_.size(), 0.0);
    const Tensor index = order.to(inputs_.device());
    for (int64_t from = 0; from < index.size(1); from += config_.batch) {
      const auto rows = index.narrow(1, from, std::min(config_.batch, index.size(1) - from));
      const auto losses = batch_losses(rows, train);
      for (size_t i = 0; i < total.size(); ++i)
        total[i] += losses[i] * static_cast<double>(rows.size(1));
    }
    for (double& sum : total) sum /= static_cast<double>(index.size(1));
    return total;
  }

  std::vector<double> batch_losses(const Tensor& rows, bool train) {
    auto& ensemble = model_.ensemble();
    const int64_t m = rows.size(0), n = rows.size(1);
    const auto x = inputs_.index_select(0, rows.flatten()).view({m, n, -1});
    const auto y = targets_.index_select(0, rows.flatten()).view({m, n, -1});
    const Tensor index = index_of(members_, ensemble.parameters());
    auto parameters = pick(ensemble.parameters(), index).detach().requires_grad_(train);
    Tensor bounds;
    if (bounds_first_.defined())
      bounds = pick(model_.variance_bounds(), index).detach().requires_grad_(train);

    const torch::AutoGradMode mode(train);
    const auto raw = ensemble.forward(ensemble.layers(parameters), x);
    std::vector<Tensor> losses;
    for (int64_t i = 0; i < m; ++i) {
      const auto prediction = model_.head(raw[i], bounds.defined() ? bounds[i] : Tensor());
      losses.push_back(objective_.loss(prediction, y[i], rows[i]));
    }
    const auto all = torch::stack(losses);
    const auto known = all.detach().to(torch::kCPU, torch::kFloat64);
    const double* values = known.data_ptr<double>();
    for (int64_t i = 0; i < m; ++i)
      if (!std::isfinite(values[i]))
        schedules_[members_[i]].stop_at_bad_loss(members_[i], x[i], y[i]);
    if (train) {
      std::vector<Tensor> variables{parameters};
      if (bounds.defined()) variables.push_back(bounds);
      const auto gradients = torch::autograd::grad({all.sum()}, variables);
      ensemble.step(members_, gradients[0], learning_rate());
      if (bounds.defined()) step_bounds(gradients[1]);
    }
    return {values, values + m};
  }

  /// Adam on the variance's bounds.
  void step_bounds(const Tensor& gradient) {
    const torch::NoGradGuard no_grad;
    const auto pulled =
        gradient + torch::tensor({-DynamicsModel::bounds_pull, DynamicsModel::bounds_pull})
                       .view({2, 1})
                       .to(gradient.device());
    kernels::AdamRates rates;
    rates.learning_rate = static_cast<float>(learning_rate());
    RowAdam{model_.variance_bounds(), bounds_first_, bounds_second_, bounds_steps_}.step(
        members_, pulled, rates);
  }

  DynamicsModel& model_;
  const Objective& objective_;
  const FitConfig& config_;
  Tensor inputs_, targets_;  // [n, …], normalised
  std::vector<FitSchedule> schedules_;
  std::vector<int64_t> members_;  // that take part in the epoch under way
  Tensor bounds_first_, bounds_second_, bounds_steps_;
};

}  // namespace

FitReport fit_torch(DynamicsModel& model, const Transitions& data, Objective& objective,
                    const FitConfig& config, int64_t epochs, const RandomStream& random,
                    Monitor& monitor) {
  const torch::NoGradGuard no_grad;
  config.check_device(model.ensemble().device());
  const auto here = moved(data, model.ensemble().device());
  model.set_statistics(here);
  objective.prepare(here);
  BatchedFit fit(model, objective, config, here, epochs, random);
  for (int64_t epoch = 1; fit.run_epoch(); ++epoch)
    monitor.progress("fit", static_cast<double>(epoch) / static_cast<double>(epochs));

  FitReport report;
  for (const auto& member : fit.schedules()) member.add_to(report, model.members());
  return report;
}

}  // namespace reverie
