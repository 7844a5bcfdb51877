// Model-agnostic meta-learning of policies (Finn et al., "Model-agnostic meta-learning for fast
// adaptation of deep networks", 2017), as MB-MPO (Clavera et al. 2018) uses it.
#pragma once

#include <reverie/improvers/improver.h>

#include <vector>

namespace reverie::maml {

/// One step of policy gradient for each task of `before`, from `parameters` [p] or [tasks, p]:
/// theta_i' = theta + alpha mean_t A_t grad log pi_theta(a_t | s_t), all parameters, the log
/// standard deviations included. [tasks, p]. Throws NonFiniteError naming the task.
Tensor adapt(const GaussianPolicy& policy, const Tensor& parameters, const PolicyBatch& before,
             double inner_learning_rate);
inline Tensor adapt(const GaussianPolicy& policy, const PolicyBatch& before,
                    double inner_learning_rate) {
  return adapt(policy, policy.parameters(), before, inner_learning_rate);
}

struct MetaConfig {
  double inner_learning_rate = 1e-3;
  bool first_order = false;
  bool exact_fisher = true;

  void describe(Settings& settings) {
    settings.add("inner_learning_rate", inner_learning_rate,
                 "step size alpha of the adaptation to a task", between(0, 1e3));
    settings.add("first_order", first_order,
                 "whether the meta-gradient drops the second derivatives of the adaptation");
    settings.add("exact_fisher", exact_fisher,
                 "whether the trust region's curvature keeps them; without, a TRPO step takes 0.4 "
                 "of the time, and at step size 1e-3 its Fisher product differs by 0.5%");
  }
};

/// The meta-surrogate J(theta) = mean_i mean_t [pi_{theta_i'}(a_t | s_t) / pi_old_i(a_t | s_t) A_t]
/// over the rollouts `after` of the adapted policies, where theta_i' = adapt(theta) and pi_old_i is
/// the adapted policy as it stands when the problem is made; the divergence is the mean over tasks
/// and states of KL(pi_old_i || pi_{theta_i'}). With H_i the Hessian of task i's inner loss, the
/// gradient is mean_i (I - alpha H_i) grad J_i(theta_i') and the Fisher product mean_i (I - alpha
/// H_i) F_i (I - alpha H_i) v, both exact; `exact_fisher` = false leaves mean_i F_i v of the
/// latter, which changes the direction of a TRPO step by the order of alpha H and nothing in what
/// it accepts. The policy must outlive the problem.
class MetaProblem : public PolicyProblem {
 public:
  MetaProblem(const GaussianPolicy& policy, const PolicyBatch& before, const PolicyBatch& after,
              const MetaConfig& config)
      : MetaProblem(policy, std::vector<PolicyBatch>{before}, after, config) {}
  /// The same where `adapted` [tasks, p], what `adapt` makes of `before`, is known already.
  MetaProblem(const GaussianPolicy& policy, const PolicyBatch& before, const Tensor& adapted,
              const PolicyBatch& after, const MetaConfig& config);
  /// Several inner steps, each with the rollouts it adapts on.
  MetaProblem(const GaussianPolicy& policy, std::vector<PolicyBatch> before, PolicyBatch after,
              const MetaConfig& config);

  /// The adapted policies [tasks, p] at the parameters the problem was made with.
  const Tensor& adapted() const { return path_.back(); }

  Value evaluate(const Tensor& parameters, const SurrogateTerms& terms = {}) const override;
  Tensor gradient(const Tensor& parameters, const SurrogateTerms& terms = {}) const override;
  std::function<Tensor(const Tensor&)> fisher(double fraction = 1.0) const override;

 private:
  /// theta, theta' after each inner step: all [tasks, p], the first [p].
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

}  // namespace reverie::maml
