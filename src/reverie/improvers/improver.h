// The two sides of policy improvement: a problem on samples, and a way to take a step on it.
#pragma once

#include <reverie/policies/policy_calculus.h>

#include <functional>
#include <memory>

namespace reverie {

/// What an improver maximises: a surrogate of the return over fixed samples, as a function of the
/// policy's flat parameters [p], and the divergence from the policy that acted. At the parameters
/// the problem was made with, the divergence is 0. Implementations: `SurrogateProblem`,
/// `maml::MetaProblem`.
class PolicyProblem {
 public:
  virtual ~PolicyProblem() = default;

  struct Value {
    double surrogate;
    double kl;  ///< Mean KL(old || new), in nats.
  };

  /// Surrogate and divergence at `parameters`.
  virtual Value evaluate(const Tensor& parameters, const SurrogateTerms& terms = {}) const = 0;

  /// The gradient of surrogate - kl_coefficient * kl at `parameters`: [p].
  virtual Tensor gradient(const Tensor& parameters, const SurrogateTerms& terms = {}) const = 0;

  /// Number of rows that `gradient_over` can choose from; 0 if only the full gradient is available.
  virtual int64_t rows() const { return 0; }
  /// The same gradient over the rows that `index` [m] (int64) names. Throws std::logic_error where
  /// `rows` is 0.
  virtual Tensor gradient_over(const Tensor& index, const Tensor& parameters,
                               const SurrogateTerms& terms = {}) const;

  /// v -> F v, F the Hessian of the divergence at the parameters the problem was made with: [p].
  /// F is taken over about `fraction` of the rows, evenly spread.
  virtual std::function<Tensor(const Tensor&)> fisher(double fraction = 1.0) const = 0;
};

/// What a step did.
struct ImprovementReport {
  double surrogate_before = 0.0;
  double surrogate_after = 0.0;
  double kl = 0.0;             ///< Of the policy after the step from the one before.
  double gradient_norm = 0.0;  ///< Of the first gradient.
  int64_t backtracks = 0;      ///< TRPO: how often the step was shortened.
  bool accepted = true;        ///< False where the parameters stayed as they were.

  double improvement() const { return surrogate_after - surrogate_before; }
};

/// A way to improve a policy on a problem. Throws NonFiniteError, naming the quantity, where a
/// gradient, a product or the new parameters are not finite; the policy then stays as it was.
class Improver {
 public:
  virtual ~Improver() = default;
  virtual ImprovementReport step(Policy& policy, const PolicyProblem& problem) = 0;
  virtual void serialize(Archive&) {}
};

}  // namespace reverie
