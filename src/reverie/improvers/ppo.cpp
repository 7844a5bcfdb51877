#include <reverie/improvers/ppo.h>

#include <reverie/core/archive.h>

namespace reverie {

ImprovementReport Ppo::step(Policy& policy, const PolicyProblem& problem) {
  const Tensor start = policy.parameters().clone();
  Tensor parameters = start;
  const SurrogateTerms terms{config_.clip, kl_coefficient_};
  ImprovementReport report;
  report.surrogate_before = problem.evaluate(parameters).surrogate;
  for (int64_t epoch = 0; epoch < config_.epochs; ++epoch) {
    const Tensor before = parameters;
    for (const Tensor& rows : minibatches(problem)) {
      const Tensor gradient = rows.defined() ? problem.gradient_over(rows, parameters, terms)
                                             : problem.gradient(parameters, terms);
      require_finite(gradient, fmt::format("PPO's gradient in epoch {}", epoch));
      if (report.gradient_norm == 0) report.gradient_norm = gradient.norm().item<double>();
      parameters = parameters + adam_.ascent(gradient);
    }
    if (config_.max_kl > 0 && !(problem.evaluate(parameters).kl <= config_.max_kl)) {
      parameters = before;
      break;
    }
  }
  policy.set_parameters(parameters);
  const PolicyProblem::Value after = problem.evaluate(parameters);
  report.surrogate_after = after.surrogate;
  report.kl = after.kl;
  report.accepted = !torch::equal(parameters, start);
  if (config_.adaptive_kl) {
    if (after.kl > 1.5 * config_.kl_target) kl_coefficient_ *= 2.0;
    if (after.kl < config_.kl_target / 1.5) kl_coefficient_ *= 0.5;
  }
  return report;
}

std::vector<Tensor> Ppo::minibatches(const PolicyProblem& problem) {
  const int64_t rows = problem.rows();
  if (config_.batch == 0 || config_.batch >= rows) return {Tensor()};
  // As equal as they divide: a small one at the end would weigh as much as the others.
  return random_.permutation(rows).chunk((rows + config_.batch - 1) / config_.batch);
}

void Ppo::serialize(Archive& archive) {
  archive("random", random_);
  archive("kl_coefficient", kl_coefficient_);
  archive("adam", adam_);
}

}  // namespace reverie
