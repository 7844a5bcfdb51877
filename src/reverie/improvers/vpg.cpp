#include <reverie/improvers/vpg.h>

namespace reverie {

ImprovementReport Vpg::step(Policy& policy, const PolicyProblem& problem) {
  const Tensor start = policy.parameters().clone();
  ImprovementReport report;
  report.surrogate_before = problem.evaluate(start).surrogate;
  const Tensor gradient = problem.gradient(start);
  require_finite(gradient, "the policy gradient");
  report.gradient_norm = gradient.norm().item<double>();
  const Tensor change = config_.adam ? adam_.ascent(gradient) : config_.learning_rate * gradient;
  policy.set_parameters(start + change);
  const PolicyProblem::Value after = problem.evaluate(policy.parameters());
  report.surrogate_after = after.surrogate;
  report.kl = after.kl;
  return report;
}

}  // namespace reverie
