#include <reverie/core/error.h>
#include <reverie/improvers/maml.h>

#include <utility>

namespace reverie::maml {
namespace {

/// The mean over tasks (dimension 0), added up in their order.
Tensor task_mean(const Tensor& values) {
  Tensor sum = values[0].clone();
  for (int64_t task = 1; task < values.size(0); ++task) sum += values[task];
  return sum / static_cast<double>(values.size(0));
}

}  // namespace

Tensor adapt(const GaussianPolicy& policy, const Tensor& parameters, const PolicyBatch& before,
             double inner_learning_rate) {
  const Tensor gradient = calculus::score_gradient(policy, parameters, before);
  const Tensor adapted = parameters.detach() + inner_learning_rate * gradient;
  for (int64_t task = 0; task < adapted.size(0); ++task)
    require_finite(adapted[task], fmt::format("the adapted parameters of task {}", task));
  return adapted;
}

MetaProblem::MetaProblem(const GaussianPolicy& policy, std::vector<PolicyBatch> before,
                         PolicyBatch after, const MetaConfig& config)
    : policy_(policy),
      before_(std::move(before)),
      after_(std::move(after)),
      config_(config),
      path_(adapt_from(policy.parameters().clone())),
      old_(calculus::evaluate(policy, path_.back(), after_)) {}

MetaProblem::Path MetaProblem::adapt_from(const Tensor& parameters) const {
  Path path{parameters.detach()};
  for (const PolicyBatch& batch : before_)
    path.push_back(adapt(policy_, path.back(), batch, config_.inner_learning_rate));
  return path;
}

Tensor MetaProblem::through(const Path& path, Tensor v, bool transposed) const {
  if (config_.first_order) return v;
  const size_t steps = before_.size();
  for (size_t i = 0; i < steps; ++i) {
    const size_t step = transposed ? steps - 1 - i : i;
    // The Hessian of the inner objective, the negative of the inner loss.
    v = v + config_.inner_learning_rate *
                calculus::score_hessian_product(policy_, path[step], before_[step], v);
  }
  return v;
}

PolicyProblem::Value MetaProblem::evaluate(const Tensor& parameters,
                                           const SurrogateTerms& terms) const {
  const Path path = adapt_from(parameters);
  const SurrogateMeans means = calculus::surrogate(policy_, path.back(), after_, old_, terms);
  return {task_mean(means.surrogate).item<double>(), task_mean(means.kl).item<double>()};
}

Tensor MetaProblem::gradient(const Tensor& parameters, const SurrogateTerms& terms) const {
  const Path path = adapt_from(parameters);
  const Tensor adapted_gradient =
      calculus::surrogate_gradient(policy_, path.back(), after_, old_, terms);
  return task_mean(through(path, adapted_gradient, true));
}

std::function<Tensor(const Tensor&)> MetaProblem::fisher() const {
  return [this](const Tensor& v) {
    if (!config_.exact_fisher)
      return task_mean(calculus::fisher_product(policy_, path_.back(), after_, v));
    const Tensor moved = through(path_, v.expand({after_.tasks(), v.size(0)}), false);
    const Tensor bent = calculus::fisher_product(policy_, path_.back(), after_, moved);
    return task_mean(through(path_, bent, true));
  };
}

}  // namespace reverie::maml
