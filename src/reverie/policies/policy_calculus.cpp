#include <reverie/policies/policy_calculus.h>

#include <reverie/nn/kernels/choice.h>
#include <reverie/policies/policy_calculus_kernels.h>
#include <reverie/policies/policy_calculus_torch.h>

namespace reverie::calculus {

using kernels::serve;

OldPolicy evaluate(const GaussianPolicy& policy, const Tensor& parameters,
                   const PolicyBatch& batch) {
  const auto by = serve(parameters) ? blocks::evaluate : autograd::evaluate;
  return by(policy, parameters, batch);
}

Tensor score_gradient(const GaussianPolicy& policy, const Tensor& parameters,
                      const PolicyBatch& batch) {
  const auto by = serve(parameters) ? blocks::score_gradient : autograd::score_gradient;
  return by(policy, parameters, batch);
}

Tensor score_hessian_product(const GaussianPolicy& policy, const Tensor& parameters,
                             const PolicyBatch& batch, const Tensor& v) {
  const auto by =
      serve(parameters) ? blocks::score_hessian_product : autograd::score_hessian_product;
  return by(policy, parameters, batch, v);
}

Tensor surrogate_gradient(const GaussianPolicy& policy, const Tensor& parameters,
                          const PolicyBatch& batch, const OldPolicy& old,
                          const SurrogateTerms& terms) {
  const auto by = serve(parameters) ? blocks::surrogate_gradient : autograd::surrogate_gradient;
  return by(policy, parameters, batch, old, terms);
}

SurrogateMeans surrogate(const GaussianPolicy& policy, const Tensor& parameters,
                         const PolicyBatch& batch, const OldPolicy& old,
                         const SurrogateTerms& terms) {
  const auto by = serve(parameters) ? blocks::surrogate : autograd::surrogate;
  return by(policy, parameters, batch, old, terms);
}

Tensor fisher_product(const GaussianPolicy& policy, const Tensor& parameters,
                      const PolicyBatch& batch, const Tensor& v) {
  const auto by = serve(parameters) ? blocks::fisher_product : autograd::fisher_product;
  return by(policy, parameters, batch, v);
}

}  // namespace reverie::calculus
