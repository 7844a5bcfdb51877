#include <reverie/improvers/trpo.h>

#include <reverie/core/error.h>

#include <cmath>

namespace reverie {
namespace {

double inner_product(const Tensor& a, const Tensor& b) {
  return (a * b).sum().item<double>();
}

}  // namespace

Tensor conjugate_gradient(const std::function<Tensor(const Tensor&)>& product, const Tensor& b,
                          int64_t iterations) {
  Tensor residual = b.to(torch::kFloat64).clone();
  Tensor x = torch::zeros_like(residual), direction = residual.clone();
  double squared = inner_product(residual, residual);
  const double enough = 1e-10 * squared;
  for (int64_t i = 0; i < iterations && squared > enough; ++i) {
    const Tensor image = product(direction).to(torch::kFloat64);
    const double curvature = inner_product(direction, image);
    if (!(curvature > 0.0)) break;  // singular along this direction: x is what can be had
    const double length = squared / curvature;
    x += length * direction;
    residual -= length * image;
    const double next = inner_product(residual, residual);
    direction = residual + next / squared * direction;
    squared = next;
  }
  return x;
}

ImprovementReport Trpo::step(Policy& policy, const PolicyProblem& problem) {
  const Tensor start = policy.parameters().clone();
  ImprovementReport report;
  report.surrogate_before = report.surrogate_after = problem.evaluate(start).surrogate;
  report.accepted = false;
  if (!std::isfinite(report.surrogate_before))
    throw NonFiniteError("NaN or infinity in the surrogate that TRPO starts from");

  const Tensor gradient = problem.gradient(start);
  require_finite(gradient, "TRPO's gradient of the surrogate");
  report.gradient_norm = gradient.norm().item<double>();
  if (report.gradient_norm == 0.0) return report;

  const auto fisher = problem.fisher(config_.fisher_fraction);
  const auto damped = [&](const Tensor& v) {
    const Tensor image = fisher(v.to(start.scalar_type())).to(torch::kFloat64);
    require_finite(image, "TRPO's Fisher-vector product");
    return image + config_.damping * v;
  };
  const Tensor natural = conjugate_gradient(damped, gradient, config_.cg_iterations);
  const double curvature = inner_product(natural, damped(natural));
  if (!(curvature > 0.0)) return report;
  const Tensor full_step = std::sqrt(2.0 * config_.max_kl / curvature) * natural;

  double fraction = 1.0;
  for (int64_t i = 0; i <= config_.max_backtracks; ++i, fraction *= config_.backtrack_ratio) {
    const Tensor trial = (start.to(torch::kFloat64) + fraction * full_step).to(start.scalar_type());
    report.backtracks = i;
    const PolicyProblem::Value value = problem.evaluate(trial);
    // Comparisons with NaN are false: such a trial is shortened like any other bad one.
    if (value.surrogate > report.surrogate_before && value.kl <= config_.max_kl) {
      policy.set_parameters(trial);
      report.surrogate_after = value.surrogate;
      report.kl = value.kl;
      report.accepted = true;
      break;
    }
  }
  return report;
}

}  // namespace reverie
