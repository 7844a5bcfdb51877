// Trust region policy optimisation.
#pragma once

#include <reverie/improvers/improver.h>

namespace reverie {

struct TrpoConfig {
  double max_kl = 0.01;
  double damping = 1e-5;
  int64_t cg_iterations = 10;
  double fisher_fraction = 1.0;
  double backtrack_ratio = 0.8;
  int64_t max_backtracks = 15;

  void describe(Settings& settings) {
    settings.add("max_kl", max_kl, "trust region: largest mean KL of a step", between(1e-12, 1e3));
    settings.add("damping", damping, "added to the Fisher matrix's diagonal", at_least(0));
    settings.add("cg_iterations", cg_iterations, "conjugate gradient iterations", at_least(1));
    settings.add("fisher_fraction", fisher_fraction,
                 "of the rows that the Fisher products are taken over: every k-th, k the nearest "
                 "to 1 over this",
                 between(0.001, 1));
    settings.add("backtrack_ratio", backtrack_ratio, "factor of a shortened step",
                 between(0.01, 0.99));
    settings.add("max_backtracks", max_backtracks, "how often a step may be shortened",
                 at_least(0));
  }
};

/// TRPO (Schulman et al. 2015): the natural gradient x = F^-1 g by conjugate gradients on exact
/// Fisher products, a step of length sqrt(2 max_kl / x^T F x), shortened until the surrogate has
/// improved and the divergence is within max_kl; where no length does, the parameters stay.
class Trpo : public Improver {
 public:
  explicit Trpo(const TrpoConfig& config) : config_(config) {}
  ImprovementReport step(Policy& policy, const PolicyProblem& problem) override;

 private:
  TrpoConfig config_;
};

/// Returns an approximate solution [p] (float64) of A x = b by `iterations` of conjugate gradients
/// from 0, with A symmetric, positive definite and given by its product. Stops early at a squared
/// residual of 1e-10 of b's squared norm.
Tensor conjugate_gradient(const std::function<Tensor(const Tensor&)>& product, const Tensor& b,
                          int64_t iterations);

}  // namespace reverie
