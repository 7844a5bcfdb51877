#include <reverie/policies/policy_calculus_torch.h>

namespace reverie::calculus::autograd {
namespace {

/// A leaf [tasks, p] to differentiate at.
Tensor leaf(const Tensor& parameters, const PolicyBatch& batch) {
  return parameters.detach()
      .expand({batch.tasks(), parameters.size(-1)})
      .clone()
      .requires_grad_(true);
}

Tensor gradient(const Tensor& value, const Tensor& variable, bool again = false) {
  return torch::autograd::grad({value}, {variable}, {}, again, again)[0];
}

/// The gradient of (gradient of `value`) . v.
Tensor hessian_product(const Tensor& value, const Tensor& variable, const Tensor& v) {
  const Tensor first = gradient(value, variable, true);
  return gradient((first * v.to(first.options())).sum(), variable);
}

/// [tasks, n] bool: the rows that only fill up, of a batch with a `count`.
Tensor filling(const PolicyBatch& batch) {
  return torch::arange(batch.rows(), batch.count.options()) >= batch.count.unsqueeze(1);
}

/// The mean of `values` [tasks, n] over the rows of each task.
Tensor rows_mean(const Tensor& values, const PolicyBatch& batch) {
  if (!batch.count.defined()) return values.mean(1);
  return values.masked_fill(filling(batch), 0).sum(1) / batch.count;
}

/// Rows' mean of log pi weighted by the advantages, summed over tasks (each has its own
/// parameters).
Tensor weighted_log_prob(const GaussianPolicy& policy, const Tensor& at, const PolicyBatch& batch) {
  const Tensor log_prob = policy.distribution(at, batch.observation).log_prob(batch.action);
  return rows_mean(log_prob * batch.advantage, batch).sum();
}

struct Terms {
  Tensor surrogate, kl;  // [tasks]
};

Terms means(const GaussianPolicy& policy, const Tensor& at, const PolicyBatch& batch,
            const OldPolicy& old, const SurrogateTerms& terms) {
  const Gaussian now = policy.distribution(at, batch.observation);
  Tensor log_ratio = now.log_prob(batch.action) - old.log_prob;
  // Before the exponential: where that overflows, a gradient of 0 would become NaN.
  if (batch.count.defined()) log_ratio = log_ratio.masked_fill(filling(batch), 0);
  const Tensor ratio = torch::exp(log_ratio);
  const Tensor clipped = ratio.clamp(1.0 - terms.clip, 1.0 + terms.clip);
  const Tensor surrogate = torch::minimum(ratio * batch.advantage, clipped * batch.advantage);
  const Gaussian before{old.mean, old.log_std.unsqueeze(1)};
  return {rows_mean(surrogate, batch), rows_mean(kl_divergence(before, now), batch)};
}

}  // namespace

OldPolicy evaluate(const GaussianPolicy& policy, const Tensor& parameters,
                   const PolicyBatch& batch) {
  torch::NoGradGuard no_grad;
  const Tensor at = parameters.expand({batch.tasks(), parameters.size(-1)}).contiguous();
  const Gaussian now = policy.distribution(at, batch.observation);
  const Tensor log_prob = now.log_prob(batch.action);
  if (!batch.count.defined()) return {now.mean, now.log_std.squeeze(1), log_prob};
  const Tensor filled = filling(batch);
  return {now.mean.masked_fill(filled.unsqueeze(2), 0), now.log_std.squeeze(1),
          log_prob.masked_fill(filled, 0)};
}

Tensor score_gradient(const GaussianPolicy& policy, const Tensor& parameters,
                      const PolicyBatch& batch) {
  const Tensor at = leaf(parameters, batch);
  return gradient(weighted_log_prob(policy, at, batch), at);
}

Tensor score_hessian_product(const GaussianPolicy& policy, const Tensor& parameters,
                             const PolicyBatch& batch, const Tensor& v) {
  const Tensor at = leaf(parameters, batch);
  return hessian_product(weighted_log_prob(policy, at, batch), at, v);
}

Tensor surrogate_gradient(const GaussianPolicy& policy, const Tensor& parameters,
                          const PolicyBatch& batch, const OldPolicy& old,
                          const SurrogateTerms& terms) {
  const Tensor at = leaf(parameters, batch);
  const Terms value = means(policy, at, batch, old, terms);
  return gradient((value.surrogate - terms.kl_coefficient * value.kl).sum(), at);
}

SurrogateMeans surrogate(const GaussianPolicy& policy, const Tensor& parameters,
                         const PolicyBatch& batch, const OldPolicy& old,
                         const SurrogateTerms& terms) {
  torch::NoGradGuard no_grad;
  const Tensor at = parameters.expand({batch.tasks(), parameters.size(-1)}).contiguous();
  const Terms value = means(policy, at, batch, old, terms);
  return {value.surrogate.to(torch::kFloat64), value.kl.to(torch::kFloat64)};
}

Tensor fisher_product(const GaussianPolicy& policy, const Tensor& parameters,
                      const PolicyBatch& batch, const Tensor& v) {
  const Tensor at = leaf(parameters, batch);
  const Gaussian now = policy.distribution(at, batch.observation);
  const Gaussian old{now.mean.detach(), now.log_std.detach()};
  return hessian_product(rows_mean(kl_divergence(old, now), batch).sum(), at, v);
}

}  // namespace reverie::calculus::autograd
