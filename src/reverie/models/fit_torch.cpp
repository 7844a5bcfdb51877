#include <reverie/models/fit_torch.h>

#include <reverie/models/batch_training_torch.h>
#include <reverie/models/best_weights.h>

namespace reverie {
namespace {

/// Numbers of minibatches that are gathered at once: 64 MB.
constexpr int64_t kGathered = int64_t{1} << 24;

/// All members' way through a fit. Members that have stopped take no part in a batch. The device is
/// waited for once an epoch, when its losses are read.
class BatchedFit {
 public:
  BatchedFit(DynamicsModel& model, const Objective& objective, const FitConfig& config,
             const Transitions& data, int64_t epochs, const RandomStream& random)
      : model_(model),
        objective_(objective),
        config_(config),
        inputs_(with_ones(model.inputs(data.observation, data.action))),
        targets_(model.targets(data)),
        best_(model, config) {
    for (int64_t k = 0; k < model.members(); ++k)
      schedules_.emplace_back(config, data.size(), epochs, random.split(static_cast<uint64_t>(k)),
                              objective.sampling(), split_stream(config, random));
    if (model.variance_bounds().defined()) {
      const auto bounds = model.variance_bounds().flatten(1);
      bounds_moments_ = torch::zeros({2, bounds.size(0), bounds.size(1)}, bounds.options());
    }
  }

  const std::vector<FitSchedule>& schedules() const { return schedules_; }

  /// An epoch of every member that has not stopped; false where all have.
  bool run_epoch() {
    std::vector<int64_t> members;
    for (size_t k = 0; k < schedules_.size(); ++k)
      if (!schedules_[k].finished()) members.push_back(static_cast<int64_t>(k));
    if (members.empty()) return false;
    if (!training_ || training_->members() != members)
      training_ =
          std::make_unique<BatchTraining>(model_, objective_, members, bounds_moments_, config_);
    std::vector<Tensor> train, holdout;
    for (const int64_t k : members) {
      train.push_back(schedules_[k].shuffle());
      holdout.push_back(schedules_[k].holdout());
    }
    const bool wanted = schedules_[members.front()].wants_holdout();  // by all of them or by none

    const auto before = training_->state();
    const auto order = to_device(train), held_out = to_device(holdout);
    const Tensor trained = sweep(order, true);
    const Tensor held = wanted ? sweep(held_out, false) : torch::zeros_like(trained);
    const auto losses = torch::stack({trained, held}).to(torch::kCPU);
    if (!torch::isfinite(losses).all().item<bool>())
      stop_at_bad_batch(before, order, wanted ? held_out : held_out.narrow(1, 0, 0));
    training_->put_back(steps_of(order));
    bounds_steps_ += steps_of(order);
    const auto of = losses.accessor<double, 2>();
    for (size_t i = 0; i < members.size(); ++i) {
      const auto member = static_cast<int64_t>(i);
      schedules_[members[i]].end_epoch(of[0][member], of[1][member]);
      best_.after_epoch(members[i], schedules_[members[i]]);
    }
    return true;
  }

 private:
  Tensor to_device(const std::vector<Tensor>& rows) const {
    return torch::stack(rows).to(inputs_.device());
  }
  int64_t steps_of(const Tensor& order) const {
    return (order.size(1) + config_.batch - 1) / config_.batch;
  }
  BatchTraining::Factors factors(const Tensor& order) const {  // the same rate for all members
    return training_->factors(steps_of(order), bounds_steps_,
                              schedules_[training_->members().front()].learning_rate());
  }

  /// The mean loss of each member over its own row of `order` [m, n], batch by batch, training on
  /// each if asked to: [m] float64, on the device.
  Tensor sweep(const Tensor& order, bool train) {
    const auto tables = train ? factors(order) : BatchTraining::Factors{};
    int64_t step = 0;
    for_each_batch(order, [&](const BatchTraining::Minibatch& batch) {
      if (train)
        training_->train(batch, at(tables, step++));
      else
        training_->evaluate(batch);
      return true;
    });
    const auto mean = training_->total() / static_cast<double>(order.size(1));
    training_->total().zero_();
    return mean;
  }

  static BatchTraining::Factors at(const BatchTraining::Factors& tables, int64_t step) {
    return {tables.network[step], tables.bounds.defined() ? tables.bounds[step] : Tensor()};
  }

  /// Calls `use` for each minibatch until it says false. Many are gathered at once.
  template <class Use>
  void for_each_batch(const Tensor& order, const Use& use) const {
    const int64_t m = order.size(0), total = order.size(1), batch = config_.batch;
    const int64_t numbers = m * batch * (inputs_.size(1) + targets_.size(1));
    const int64_t stretch = std::max<int64_t>(1, kGathered / numbers) * batch;
    for (int64_t first = 0; first < total; first += stretch) {
      const int64_t count = std::min(stretch, total - first);
      const auto index = order.narrow(1, first, count), flat = index.flatten();
      const auto x = inputs_.index_select(0, flat).view({m, count, -1});
      const auto y = targets_.index_select(0, flat).view({m, count, -1});
      for (int64_t from = 0; from < count; from += batch) {
        const int64_t n = std::min(batch, count - from);
        if (!use({x.narrow(1, from, n), y.narrow(1, from, n), index.narrow(1, from, n)})) return;
      }
    }
  }

  /// An epoch has come to a loss that is not finite. Takes its steps anew, and looks at each: the
  /// weights are in the end those before the batch.
  [[noreturn]] void stop_at_bad_batch(const BatchTraining::State& before, const Tensor& order,
                                      const Tensor& held_out) {
    training_->restore(before);
    const auto tables = factors(order);
    int64_t step = 0;
    BatchTraining::State last;
    BatchTraining::Minibatch seen;
    std::optional<size_t> bad;
    const auto look = [&](const BatchTraining::Minibatch& batch) {
      seen = batch;
      const auto finite = torch::isfinite(training_->total()).to(torch::kCPU);
      for (int64_t i = finite.size(0) - 1; i >= 0; --i)
        if (!finite[i].item<bool>()) bad = static_cast<size_t>(i);
      return !bad;
    };
    for_each_batch(order, [&](const BatchTraining::Minibatch& batch) {
      last = training_->state();
      training_->train(batch, at(tables, step));
      if (!look(batch)) training_->restore(last);
      step += bad ? 0 : 1;
      return !bad;
    });
    if (!bad)
      for_each_batch(held_out, [&](const BatchTraining::Minibatch& batch) {
        training_->evaluate(batch);
        return look(batch);
      });
    training_->put_back(step);
    const size_t i = bad.value_or(0);
    const auto member = training_->members()[i];
    schedules_[member].stop_at_bad_loss(member, seen.x[i].slice(1, 0, -1), seen.y[i]);
  }

  DynamicsModel& model_;
  const Objective& objective_;
  const FitConfig& config_;
  Tensor inputs_, targets_;  // [n, …], normalised; the inputs with a column of ones
  std::vector<FitSchedule> schedules_;
  std::unique_ptr<BatchTraining> training_;  // of those that take part in the epoch under way
  BestWeights best_;
  Tensor bounds_moments_;     // [2, K, b]
  int64_t bounds_steps_ = 0;  // of those that are under way
};

}  // namespace

FitReport fit_torch(DynamicsModel& model, const Transitions& data, const Objective& objective,
                    const FitConfig& config, int64_t epochs, const RandomStream& random,
                    Monitor& monitor) {
  const torch::NoGradGuard no_grad;
  BatchedFit fit(model, objective, config, data, epochs, random);
  for (int64_t epoch = 1; fit.run_epoch(); ++epoch)
    monitor.progress("fit", static_cast<double>(epoch) / static_cast<double>(epochs));

  FitReport report;
  for (const auto& member : fit.schedules()) member.add_to(report, model.members());
  return report;
}

}  // namespace reverie
