// Meta-learning of policies by gradients: MAML (Finn et al., "Model-agnostic meta-learning for fast
// adaptation of deep networks", 2017), as MB-MPO (Clavera et al. 2018) uses it, its first-order
// form, and Reptile (Nichol et al., "On first-order meta-learning algorithms", 2018).
#pragma once

#include <reverie/improvers/improver.h>

#include <vector>

namespace reverie::maml {

/// Returns the parameters [tasks, p] after one policy-gradient step for each task of `before`, from
/// `parameters` [p] or [tasks, p]: theta_i' = theta + alpha mean_t A_t grad log pi_theta(a_t |
/// s_t), for all parameters including the log standard deviations. Throws NonFiniteError naming the
/// task.
Tensor adapt(const GaussianPolicy& policy, const Tensor& parameters, const PolicyBatch& before,
             double inner_learning_rate);
inline Tensor adapt(const GaussianPolicy& policy, const PolicyBatch& before,
                    double inner_learning_rate) {
  return adapt(policy, policy.parameters(), before, inner_learning_rate);
}

/// A policy's adaptation to each task: the samples it used and the resulting parameters.
struct InnerSteps {
  /// One more: from the policies that the last one led to, at first from `policy`. Returns where
  /// it leads, [tasks, p].
  Tensor take(const GaussianPolicy& policy, const PolicyBatch& batch, double inner_learning_rate);

  std::vector<PolicyBatch> before;  ///< Samples of each inner step.
  std::vector<Tensor> adapted;      ///< Parameters after each: [tasks, p].
};

enum class Kind {
  maml,         ///< The gradient of the adapted policies' surrogate, through the adaptation.
  first_order,  ///< The same without the adaptation's second derivatives.
  reptile,      ///< A step towards the adapted policies themselves.
};
std::vector<std::string> setting_names(Kind);

struct MetaConfig {
  double inner_learning_rate = 1e-3;
  Kind kind = Kind::maml;
  bool exact_fisher = true;
  int64_t inner_steps = 1;
  double reptile_step = 1.0;

  void describe(Settings& settings) {
    settings.add("inner_learning_rate", inner_learning_rate,
                 "step size alpha of the adaptation to a task", between(0, 1e3));
    settings.add("inner_steps", inner_steps, "steps of the adaptation, each on rollouts of its own",
                 between(1, 1000));
    settings.add(
        "kind", kind,
        "what a meta-step follows: maml, the gradient through the adaptation; first_order, "
        "the same without its second derivatives; reptile, the way to the adapted policies by "
        "reptile_step rather than by the improver, for which inner_steps should be several (with "
        "one it is the policy gradient of all tasks together)");
    settings.add("reptile_step", reptile_step,
                 "fraction of the way to the mean of the adapted policies that reptile goes",
                 between(0, 1));
    settings.add("exact_fisher", exact_fisher,
                 "whether the trust region's curvature keeps the adaptation's second derivatives; "
                 "without, a TRPO step takes 0.4 "
                 "of the time, and at step size 1e-3 its Fisher product differs by 0.5%");
  }
};

/// The meta-surrogate J(theta) = mean_i mean_t [pi_{theta_i'}(a_t | s_t) / pi_old_i(a_t | s_t) A_t]
/// over the rollouts `after` of the adapted policies, where theta_i' = adapt(theta) and pi_old_i is
/// the adapted policy as it stands when the problem is made; the divergence is the mean over tasks
/// and states of KL(pi_old_i || pi_{theta_i'}). With H_i the Hessian of task i's inner loss, the
/// gradient is mean_i (I - alpha H_i) grad J_i(theta_i') and the Fisher product mean_i (I - alpha
/// H_i) F_i (I - alpha H_i) v, both exact. `exact_fisher` = false reduces the latter to mean_i F_i
/// v, which changes the direction of a TRPO step by order alpha H but not which steps it accepts.
/// The policy must outlive the problem.
class MetaProblem : public PolicyProblem {
 public:
  /// Inner steps, each with the rollouts it adapts on.
  MetaProblem(const GaussianPolicy& policy, std::vector<PolicyBatch> before, PolicyBatch after,
              const MetaConfig& config);
  /// Likewise where the results of `adapt` are already known.
  MetaProblem(const GaussianPolicy& policy, const InnerSteps& known, PolicyBatch after,
              const MetaConfig& config);

  /// The adapted policies [tasks, p] at the parameters the problem was made with.
  const Tensor& adapted() const { return path_.back(); }

  Value evaluate(const Tensor& parameters, const SurrogateTerms& terms = {}) const override;
  Tensor gradient(const Tensor& parameters, const SurrogateTerms& terms = {}) const override;
  std::function<Tensor(const Tensor&)> fisher(double fraction = 1.0) const override;

 private:
  /// theta [p], then theta' after each inner step [tasks, p].
  using Path = std::vector<Tensor>;
  MetaProblem(const GaussianPolicy& policy, std::vector<PolicyBatch> before, PolicyBatch after,
              const MetaConfig& config, Path path);
  Path path_from(const Tensor& parameters) const;
  /// v_i -> (d theta_i' / d theta) v_i, or its transpose: each factor I - alpha H is symmetric, so
  /// only their order differs.
  Tensor through(const Path& path, const std::vector<PolicyBatch>& before, Tensor v,
                 bool transposed) const;

  const GaussianPolicy& policy_;
  std::vector<PolicyBatch> before_;
  PolicyBatch after_;
  MetaConfig config_;
  Path path_;
  OldPolicy old_;
};

/// Takes a Reptile step (Nichol et al. 2018, algorithm 2): `step` of the way from the policy to the
/// mean of the tasks' adapted policies. Surrogate and divergence in the report are over all tasks'
/// rollouts of the policy before the step. Throws NonFiniteError.
ImprovementReport reptile(GaussianPolicy& policy, const InnerSteps& steps, double step);

}  // namespace reverie::maml
