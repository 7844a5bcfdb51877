// Derivatives of a Gaussian policy over batches of rows: what VPG, TRPO, PPO and MAML are made of.
#pragma once

#include <reverie/data/transitions.h>
#include <reverie/policies/gaussian_policy.h>

#include <limits>

namespace reverie {

/// What policies did and how good it was: n rows for each of `tasks` policies. Floats, contiguous.
/// Where tasks have fewer rows than n, theirs come first and `count` says how many; what follows
/// fills up and enters no sum or mean.
struct PolicyBatch {
  Tensor observation;  ///< [tasks, n, o]
  Tensor action;       ///< [tasks, n, a]
  Tensor advantage;    ///< [tasks, n]
  Tensor count = {};   ///< [tasks] int64, each at least 1; undefined where all tasks have n rows

  int64_t tasks() const { return observation.size(0); }
  int64_t rows() const { return observation.size(1); }
};

/// The steps of `rollouts` that are `counted`, with their advantages [tasks, rows, horizon], one
/// row a step.
PolicyBatch policy_batch(const Rollouts& rollouts, const Tensor& advantage);
/// About `fraction` of each task's rows, evenly spread.
PolicyBatch thinned(const PolicyBatch& batch, double fraction);
/// The same with all tasks joined in one: for improvers of a single policy.
PolicyBatch joined(const PolicyBatch& batch);

/// The distributions that acted, at each row of a batch.
struct OldPolicy {
  Tensor mean;      ///< [tasks, n, a]
  Tensor log_std;   ///< [tasks, a]
  Tensor log_prob;  ///< [tasks, n], of the batch's actions
};

/// What a surrogate rewards besides ratio * advantage.
struct SurrogateTerms {
  /// PPO's clip of the ratio to 1 ± clip (Schulman et al. 2017, eq. 7); infinite: none.
  double clip = std::numeric_limits<double>::infinity();
  /// Subtracts this times KL(old || new) (the same, eq. 8).
  double kl_coefficient = 0.0;
};

/// Means over the rows of each task: those that `count` names.
struct SurrogateMeans {
  Tensor surrogate;  ///< [tasks] float64: min(ratio A, clipped ratio A), without the KL term
  Tensor kl;         ///< [tasks] float64: KL(old || new)
};

/// All functions take `parameters` [p], shared by the tasks, or [tasks, p], and return one row per
/// task; their means are over the rows that `count` names. Sums run in an order that the number of
/// threads doesn't change. Float tensors on the CPU go through `MlpBlock` in blocks that stay in
/// cache; others through autograd (`policies/policy_calculus_autograd.h`, which is also the twin
/// that tests compare with).
namespace calculus {

/// The distribution at every row; zeros at those that only fill up.
OldPolicy evaluate(const GaussianPolicy& policy, const Tensor& parameters,
                   const PolicyBatch& batch);

/// mean_t A_t grad log pi(a_t | s_t): [tasks, p].
Tensor score_gradient(const GaussianPolicy& policy, const Tensor& parameters,
                      const PolicyBatch& batch);

/// (mean_t A_t grad^2 log pi(a_t | s_t)) v: exact, [tasks, p] for v [p] or [tasks, p].
Tensor score_hessian_product(const GaussianPolicy& policy, const Tensor& parameters,
                             const PolicyBatch& batch, const Tensor& v);

/// The gradient of mean_t [min(ratio A, clipped ratio A) - kl_coefficient KL(old || new)]: [tasks,
/// p].
Tensor surrogate_gradient(const GaussianPolicy& policy, const Tensor& parameters,
                          const PolicyBatch& batch, const OldPolicy& old,
                          const SurrogateTerms& terms = {});

/// The surrogate and the KL divergence themselves.
SurrogateMeans surrogate(const GaussianPolicy& policy, const Tensor& parameters,
                         const PolicyBatch& batch, const OldPolicy& old,
                         const SurrogateTerms& terms = {});

/// F v with F = mean_t E[grad log pi (grad log pi)^T], the Fisher information at `parameters` over
/// the batch's observations: [tasks, p] for v [p] or [tasks, p]. F = J^T M J (Gauss-Newton) is
/// exact: it is the Hessian of KL(old || new) where new = old.
Tensor fisher_product(const GaussianPolicy& policy, const Tensor& parameters,
                      const PolicyBatch& batch, const Tensor& v);

}  // namespace calculus
}  // namespace reverie
