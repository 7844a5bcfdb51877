#include <reverie/improvers/maml.h>

#include <reverie/core/error.h>
#include <reverie/improvers/surrogate.h>

#include <fmt/format.h>

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

std::vector<std::string> setting_names(Kind) {
  return {"maml", "first_order", "reptile"};
}

Tensor adapt(const GaussianPolicy& policy, const Tensor& parameters, const PolicyBatch& before,
             double inner_learning_rate) {
  const Tensor gradient = calculus::score_gradient(policy, parameters, before);
  const Tensor adapted = parameters.detach() + inner_learning_rate * gradient;
  for (int64_t task = 0; task < adapted.size(0); ++task)
    require_finite(adapted[task], fmt::format("the adapted parameters of task {}", task));
  return adapted;
}

Tensor InnerSteps::take(const GaussianPolicy& policy, const PolicyBatch& batch,
                        double inner_learning_rate) {
  const Tensor from = adapted.empty() ? policy.parameters() : adapted.back();
  adapted.push_back(adapt(policy, from, batch, inner_learning_rate));
  before.push_back(batch);
  return adapted.back();
}

MetaProblem::MetaProblem(const GaussianPolicy& policy, std::vector<PolicyBatch> before,
                         PolicyBatch after, const MetaConfig& config, Path path)
    : policy_(policy),
      before_(std::move(before)),
      after_(std::move(after)),
      config_(config),
      path_(std::move(path)) {
  const Tensor start = policy.parameters().clone();
  if (path_.empty()) path_ = path_from(start);
  path_.front() = start;
  old_ = calculus::evaluate(policy, path_.back(), after_);
}

MetaProblem::MetaProblem(const GaussianPolicy& policy, std::vector<PolicyBatch> before,
                         PolicyBatch after, const MetaConfig& config)
    : MetaProblem(policy, std::move(before), std::move(after), config, Path{}) {}

MetaProblem::MetaProblem(const GaussianPolicy& policy, const InnerSteps& known, PolicyBatch after,
                         const MetaConfig& config)
    : MetaProblem(policy, known.before, std::move(after), config, [&] {
        Path path{policy.parameters()};
        path.insert(path.end(), known.adapted.begin(), known.adapted.end());
        return path;
      }()) {}

MetaProblem::Path MetaProblem::path_from(const Tensor& parameters) const {
  // Every improver asks for the value and the gradient at the start.
  if (!path_.empty() && torch::equal(parameters, path_.front())) return path_;
  Path path{parameters.detach()};
  for (const PolicyBatch& batch : before_)
    path.push_back(adapt(policy_, path.back(), batch, config_.inner_learning_rate));
  return path;
}

Tensor MetaProblem::through(const Path& path, const std::vector<PolicyBatch>& before, Tensor v,
                            bool transposed) const {
  if (config_.kind == Kind::first_order) return v;
  const size_t steps = before.size();
  for (size_t i = 0; i < steps; ++i) {
    const size_t step = transposed ? steps - 1 - i : i;
    // The Hessian of the inner objective, the negative of the inner loss.
    v = v + config_.inner_learning_rate *
                calculus::score_hessian_product(policy_, path[step], before[step], v);
  }
  return v;
}

PolicyProblem::Value MetaProblem::evaluate(const Tensor& parameters,
                                           const SurrogateTerms& terms) const {
  const Path path = path_from(parameters);
  const SurrogateMeans means = calculus::surrogate(policy_, path.back(), after_, old_, terms);
  return {task_mean(means.surrogate).item<double>(), task_mean(means.kl).item<double>()};
}

Tensor MetaProblem::gradient(const Tensor& parameters, const SurrogateTerms& terms) const {
  const Path path = path_from(parameters);
  const Tensor adapted_gradient =
      calculus::surrogate_gradient(policy_, path.back(), after_, old_, terms);
  return task_mean(through(path, before_, adapted_gradient, true));
}

std::function<Tensor(const Tensor&)> MetaProblem::fisher(double fraction) const {
  std::vector<PolicyBatch> before;
  if (config_.exact_fisher)
    for (const PolicyBatch& batch : before_) before.push_back(thinned(batch, fraction));
  return [this, before, after = thinned(after_, fraction)](const Tensor& v) {
    if (!config_.exact_fisher)
      return task_mean(calculus::fisher_product(policy_, path_.back(), after, v));
    const Tensor moved = through(path_, before, v.expand({after.tasks(), v.size(0)}), false);
    const Tensor bent = calculus::fisher_product(policy_, path_.back(), after, moved);
    return task_mean(through(path_, before, bent, true));
  };
}

ImprovementReport reptile(GaussianPolicy& policy, const InnerSteps& steps, double step) {
  const Tensor start = policy.parameters().clone();
  const SurrogateProblem problem(policy, steps.before.front());
  const Tensor way = task_mean(steps.adapted.back()) - start;
  ImprovementReport report;
  report.surrogate_before = problem.evaluate(start).surrogate;
  report.gradient_norm = way.norm().item<double>();
  policy.set_parameters(start + step * way);
  const PolicyProblem::Value after = problem.evaluate(policy.parameters());
  report.surrogate_after = after.surrogate;
  report.kl = after.kl;
  return report;
}

}  // namespace reverie::maml
