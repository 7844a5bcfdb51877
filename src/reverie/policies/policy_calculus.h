// Derivatives of a Gaussian policy over batches of rows, as used by VPG, TRPO, PPO and MAML.
#pragma once

#include <reverie/policies/gaussian_policy.h>
#include <reverie/policies/policy_batch.h>

#include <limits>

namespace reverie {

/// The action distributions of the behaviour policy at each row of a batch.
struct OldPolicy {
  Tensor mean;      ///< [tasks, n, a]
  Tensor log_std;   ///< [tasks, a]
  Tensor log_prob;  ///< [tasks, n], of the batch's actions
};

/// Terms of a surrogate besides ratio * advantage.
struct SurrogateTerms {
  /// PPO's clip of the ratio to 1 ± clip (Schulman et al. 2017, eq. 7); infinite: none.
  double clip = std::numeric_limits<double>::infinity();
  /// Subtracts this times KL(old || new) (the same, eq. 8).
  double kl_coefficient = 0.0;
};

/// Means over the rows of each task, without padding.
struct SurrogateMeans {
  Tensor surrogate;  ///< [tasks] float64: min(ratio A, clipped ratio A), without the KL term
  Tensor kl;         ///< [tasks] float64: KL(old || new)
};

/// All functions take `parameters` [p], shared by the tasks, or [tasks, p], and return one row per
/// task; their means leave out padding (see `PolicyBatch::count`). The order of sums does not
/// depend on the number of threads. Float tensors on the CPU go through `MlpBlock` in blocks that
/// stay in cache (policy_calculus_kernels.h), others through autograd (policy_calculus_torch.h),
/// the reference for tests.
namespace calculus {

/// The distribution at every row; zeros at padding.
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
