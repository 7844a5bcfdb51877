// Policy derivatives by libtorch's autograd: the reference, and the path on CUDA.
#pragma once

#include <reverie/policies/policy_calculus.h>

namespace reverie::calculus::autograd {

// The functions of policy_calculus.h, in the dtype and on the device of `parameters`.

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

}  // namespace reverie::calculus::autograd
