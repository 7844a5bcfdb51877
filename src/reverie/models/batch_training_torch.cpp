#include <reverie/models/batch_training_torch.h>

namespace reverie {

BatchTraining::BatchTraining(DynamicsModel& model, const Objective& objective,
                             std::vector<int64_t> members, Tensor bounds_moments,
                             const FitConfig& config)
    : model_(model),
      objective_(objective),
      weight_decay_(config.decay_of(model.ensemble().shape().layers())),
      network_(model.ensemble(), std::move(members), config.batch, weight_decay_),
      learns_bounds_(model.config().variance_bounds == VarianceBounds::learned),
      by_squared_error_(config.holdout_loss == HoldoutLoss::squared_error),
      bounds_moments_(std::move(bounds_moments)) {
  const int64_t batch = config.batch;
  const auto m = static_cast<int64_t>(this->members().size());
  const auto options = model.ensemble().parameters().options();
  total_ = torch::zeros({m}, options.dtype(torch::kFloat64));
  if (model.variance_bounds().defined()) {
    const Tensor index = index_of(this->members(), model.variance_bounds());
    bounds_ = {pick(model.variance_bounds().flatten(1), index), pick(bounds_moments_[0], index),
               pick(bounds_moments_[1], index)};
    const auto pull = torch::tensor({-DynamicsModel::bounds_pull, DynamicsModel::bounds_pull});
    bounds_pull_ = model.config().head == Head::gaussian
                       ? pull.repeat_interleave(model.target_size()).unsqueeze(0).to(options)
                       : torch::zeros({1, 1}, options);
  } else {
    gradient_ = torch::empty({m, batch, model.target_size()}, options);
  }
  if (!cuda_graphs::used(options.device()) || objective.steps() > 1) return;
  const auto empty = [&](int64_t width) { return torch::empty({m, batch, width}, options); };
  fixed_ = {empty(model.ensemble().shape().input() + 1), empty(model.target_size()),
            torch::zeros({m, batch}, options.dtype(torch::kInt64))};
  fixed_factors_.network = torch::empty({2, m, 1}, options);
  if (bounds_.parameters.defined()) fixed_factors_.bounds = torch::empty({2, m, 1}, options);
  captured_.emplace(options.device(), [this] { work(fixed_, fixed_factors_); });
}

BatchTraining::Factors BatchTraining::factors(int64_t steps, int64_t bounds_steps,
                                              double learning_rate) const {
  Factors tables{network_.factors(steps, learning_rate), {}};
  if (!bounds_.parameters.defined()) return tables;
  kernels::AdamRates rates;
  rates.learning_rate = static_cast<float>(learning_rate);
  const std::vector<int64_t> done(members().size(), bounds_steps);
  tables.bounds = adam_factors(done, steps, rates).to(bounds_.parameters.device());
  return tables;
}

void BatchTraining::train(const Minibatch& batch, const Factors& step) {
  if (!captured_ || batch.x.size(1) != fixed_.x.size(1)) return work(batch, step);
  fixed_.x.copy_(batch.x);
  fixed_.y.copy_(batch.y);
  fixed_.index.copy_(batch.index);
  fixed_factors_.network.copy_(step.network);
  if (step.bounds.defined()) fixed_factors_.bounds.copy_(step.bounds);
  captured_->run();
}

void BatchTraining::work(const Minibatch& batch, const Factors& step) {
  if (objective_.steps() > 1) return walk(batch, step);
  const auto raw = network_.forward(batch.x);
  Tensor gradient, bounds_gradient;
  add(differentiate(raw, batch, gradient, bounds_gradient), batch.x.size(1));
  network_.step(batch.x, gradient, step.network);
  if (bounds_gradient.defined()) step_bounds(bounds_gradient, step);
}

void BatchTraining::step_bounds(const Tensor& gradient, const Factors& step) {
  bounds_.step(gradient + bounds_pull_, step.bounds, kernels::AdamRates{});
}

/// Where the loss asks the model again, all of it is torch's to differentiate.
void BatchTraining::walk(const Minibatch& batch, const Factors& step) {
  const torch::AutoGradMode mode(true);
  std::vector<Tensor> leaves{network_.rows().parameters.detach().requires_grad_()};
  if (bounds_.parameters.defined() && learns_bounds_)
    leaves.push_back(bounds_.parameters.detach().requires_grad_());
  const auto losses =
      walk_losses(leaves[0], leaves.size() > 1 ? leaves[1] : bounds_.parameters, batch.index);
  Tensor minimised = losses.sum();
  if (!weight_decay_.empty()) minimised = minimised + weight_penalty(leaves[0]);
  const auto gradients = gradients_of(minimised, leaves);
  add(losses.detach(), batch.index.size(1));
  network_.rows().step(gradients[0], step.network, kernels::AdamRates{});
  if (leaves.size() > 1) step_bounds(gradients[1], step);
}

/// The weight decay's term of all members with `parameters` [m, p].
Tensor BatchTraining::weight_penalty(const Tensor& parameters) const {
  const auto layers = model_.ensemble().layers(parameters);
  Tensor sum = torch::zeros({}, parameters.options());
  for (size_t l = 0; l < layers.size(); ++l)
    sum = sum + 0.5 * weight_decay_[l] * layers[l].weight.square().sum();
  return sum;
}

/// By members' parameters [m, p] and flat bounds [m, b], undefined for a deterministic head.
Tensor BatchTraining::walk_losses(const Tensor& parameters, const Tensor& bounds,
                                  const Tensor& index) const {
  const auto layers = model_.ensemble().layers(parameters);
  const StepModel step = [&](const Tensor& observation, const Tensor& action) {
    const auto raw = model_.ensemble().forward(layers, model_.inputs(observation, action));
    const auto prediction = model_.head(raw, bounds.defined() ? as_bounds(bounds) : Tensor());
    const auto change = model_.target_normaliser().denormalise(prediction.mean);
    return ModelStep{prediction, model_.next_observation(observation, change)};
  };
  return objective_.walk_losses(step, index);
}

/// The losses, and their gradients by the networks' outputs and by the variance's bounds.
Tensor BatchTraining::differentiate(const Tensor& raw, const Minibatch& batch, Tensor& gradient,
                                    Tensor& bounds_gradient) const {
  if (!bounds_.parameters.defined()) {
    gradient = gradient_.narrow(1, 0, raw.size(1));
    return objective_.losses_and_gradient(raw, batch.y, batch.index, gradient);
  }
  // Only the loss and the head are torch's to differentiate.
  const torch::AutoGradMode mode(true);
  std::vector<Tensor> leaves{raw.detach().requires_grad_()};
  if (learns_bounds_) leaves.push_back(bounds_.parameters.detach().requires_grad_());
  const auto& bounds = learns_bounds_ ? leaves[1] : bounds_.parameters;
  const auto prediction = model_.head(leaves[0], as_bounds(bounds));
  const auto losses = objective_.losses(prediction, batch.y, batch.index);
  const auto gradients = gradients_of(losses.sum(), leaves);
  gradient = gradients[0];
  if (learns_bounds_) bounds_gradient = gradients[1];
  return losses.detach();
}

void BatchTraining::evaluate(const Minibatch& batch) {
  if (by_squared_error_) {
    const auto mean = model_.head_shape().mean(network_.forward(batch.x));
    return add((mean - batch.y).square().mean({1, 2}), batch.x.size(1));
  }
  if (objective_.steps() > 1)
    return add(walk_losses(network_.rows().parameters, bounds_.parameters, batch.index),
               batch.index.size(1));
  const auto raw = network_.forward(batch.x);
  const auto prediction = bounds_.parameters.defined()
                              ? model_.head(raw, as_bounds(bounds_.parameters))
                              : Prediction{raw, {}};
  add(objective_.losses(prediction, batch.y, batch.index), batch.x.size(1));
}

Tensor BatchTraining::as_bounds(const Tensor& flat) const {
  const auto& of_members = model_.variance_bounds();
  return flat.view({flat.size(0), 1, of_members.size(1), of_members.size(2)});
}

void BatchTraining::add(const Tensor& losses, int64_t rows) {
  total_.add_(losses, static_cast<double>(rows));
}

BatchTraining::State BatchTraining::state() {
  return {network_.rows().clone(), bounds_.parameters.defined() ? bounds_.clone() : AdamRows{}};
}

void BatchTraining::restore(const State& state) {
  network_.rows().copy_from(state.network);
  if (bounds_.parameters.defined()) bounds_.copy_from(state.bounds);
}

void BatchTraining::put_back(int64_t steps) {
  network_.put_back(steps);
  if (!bounds_.parameters.defined()) return;
  const Tensor index = index_of(members(), model_.variance_bounds());
  auto bounds = model_.variance_bounds().flatten(1), first = bounds_moments_[0],
       second = bounds_moments_[1];
  reverie::put_back(bounds, index, bounds_.parameters);
  reverie::put_back(first, index, bounds_.first_moment);
  reverie::put_back(second, index, bounds_.second_moment);
}

}  // namespace reverie
