#include <reverie/improvers/surrogate.h>

namespace reverie {

SurrogateProblem::SurrogateProblem(const GaussianPolicy& policy, const PolicyBatch& batch)
    : policy_(policy),
      start_(policy.parameters().clone()),
      batch_(joined(batch)),
      old_(calculus::evaluate(policy, start_, batch_)) {}

PolicyProblem::Value SurrogateProblem::evaluate(const Tensor& parameters,
                                                const SurrogateTerms& terms) const {
  const SurrogateMeans means = calculus::surrogate(policy_, parameters, batch_, old_, terms);
  return {means.surrogate.item<double>(), means.kl.item<double>()};
}

Tensor SurrogateProblem::gradient(const Tensor& parameters, const SurrogateTerms& terms) const {
  return calculus::surrogate_gradient(policy_, parameters, batch_, old_, terms).squeeze(0);
}

Tensor SurrogateProblem::gradient_over(const Tensor& index, const Tensor& parameters,
                                       const SurrogateTerms& terms) const {
  const auto some = [rows = index.to(batch_.observation.device())](const Tensor& field) {
    return field.index_select(1, rows);
  };
  const PolicyBatch batch{some(batch_.observation), some(batch_.action), some(batch_.advantage)};
  const OldPolicy old{some(old_.mean), old_.log_std, some(old_.log_prob)};
  return calculus::surrogate_gradient(policy_, parameters, batch, old, terms).squeeze(0);
}

std::function<Tensor(const Tensor&)> SurrogateProblem::fisher(double fraction) const {
  return [this, some = thinned(batch_, fraction)](const Tensor& v) {
    return calculus::fisher_product(policy_, start_, some, v).squeeze(0);
  };
}

}  // namespace reverie
