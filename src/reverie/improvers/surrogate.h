// The surrogate of a single policy.
#pragma once

#include <reverie/improvers/improver.h>

namespace reverie {

/// L(theta) = mean_t [pi_theta(a_t | s_t) / pi_old(a_t | s_t) A_t] (Schulman et al., "Trust region
/// policy optimization", 2015, eq. 14), pi_old being `policy` as it stands when the problem is
/// made. The policy must outlive the problem.
class SurrogateProblem : public PolicyProblem {
 public:
  /// All tasks of the batch are samples of this one policy.
  SurrogateProblem(const GaussianPolicy& policy, const PolicyBatch& batch);

  Value evaluate(const Tensor& parameters, const SurrogateTerms& terms = {}) const override;
  Tensor gradient(const Tensor& parameters, const SurrogateTerms& terms = {}) const override;
  std::function<Tensor(const Tensor&)> fisher(double fraction = 1.0) const override;
  int64_t rows() const override { return batch_.rows(); }
  Tensor gradient_over(const Tensor& index, const Tensor& parameters,
                       const SurrogateTerms& terms = {}) const override;

 private:
  const GaussianPolicy& policy_;
  Tensor start_;  // the parameters of pi_old
  PolicyBatch batch_;
  OldPolicy old_;
};

}  // namespace reverie
