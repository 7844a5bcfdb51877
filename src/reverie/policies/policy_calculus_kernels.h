// Policy derivatives by MlpBlock, in blocks that stay in cache: the fast path on the CPU.
#pragma once

#include <reverie/policies/policy_calculus.h>

namespace reverie::calculus::blocks {

// The functions of policy_calculus.h, for float tensors on the CPU.

OldPolicy evaluate(const GaussianPolicy& policy, const Tensor& parameters,
                   const PolicyBatch& batch);
Tensor score_gradient(const GaussianPolicy& policy, const Tensor& parameters,
                      const PolicyBatch& batch);
Tensor score_hessian_product(const GaussianPolicy& policy, const Tensor& parameters,
                             const PolicyBatch& batch, const Tensor& v);
Tensor surrogate_gradient(const GaussianPolicy& policy, const Tensor& parameters,
                          const PolicyBatch& batch, const OldPolicy& old,
                          const SurrogateTerms& terms = {});
SurrogateMeans surrogate(const GaussianPolicy& policy, const Tensor& parameters,
                         const PolicyBatch& batch, const OldPolicy& old,
                         const SurrogateTerms& terms = {});
Tensor fisher_product(const GaussianPolicy& policy, const Tensor& parameters,
                      const PolicyBatch& batch, const Tensor& v);

}  // namespace reverie::calculus::blocks
