#include <reverie/policies/policy_calculus_kernels.h>

#include <reverie/core/elementary.h>
#include <reverie/policies/policy_blocks.h>

#include <cmath>

namespace reverie::calculus::blocks {
namespace {

/// PPO's clipped term and its derivative by the log-density.
struct Clipped {
  float value, slope;
};
inline Clipped clipped_surrogate(float log_ratio, float advantage, float clip) {
  const float ratio = fast_exp(log_ratio);
  const float bounded = ratio < 1 - clip ? 1 - clip : (ratio > 1 + clip ? 1 + clip : ratio);
  const float plain = ratio * advantage, held = bounded * advantage;
  if (held < plain) return {held, 0.0f};
  return {plain, plain};
}

}  // namespace

OldPolicy evaluate(const GaussianPolicy& policy, const Tensor& parameters,
                   const PolicyBatch& batch) {
  const int64_t a = policy.action_size();
  const PerTask theta(parameters);
  OldPolicy old{torch::empty({batch.tasks(), batch.rows(), a}), torch::empty({batch.tasks(), a}),
                torch::empty({batch.tasks(), batch.rows()})};
  Spread spread(policy);
  for (int64_t task = 0; task < batch.tasks(); ++task) {
    spread.read(theta[task]);
    std::copy(spread.log_std.begin(), spread.log_std.end(),
              old.log_std.data_ptr<float>() + task * a);
  }
  if (batch.count.defined()) {
    old.mean.zero_();
    old.log_prob.zero_();
  }
  sum_blocks<float>(
      policy, theta, batch, 0,
      [&](Workspace& work, const Block& block, float*) {
        const float* mean = work.standardise(theta[block.task], batch, block);
        work.log_densities(block.rows);
        const int64_t row = block.task * batch.rows() + block.first;
        std::copy_n(mean, block.rows * a, old.mean.data_ptr<float>() + row * a);
        std::copy_n(work.log_prob.data(), block.rows, old.log_prob.data_ptr<float>() + row);
      },
      [](Workspace&, float*) {});
  return old;
}

Tensor score_gradient(const GaussianPolicy& policy, const Tensor& parameters,
                      const PolicyBatch& batch) {
  const PerTask theta(parameters);
  return mean_blocks(policy, theta, batch, [&](Workspace& work, const Block& block, float* sum) {
    work.standardise(theta[block.task], batch, block);
    work.differentiate_log_densities(rows_of(batch.advantage, block), block.rows,
                                     sum + work.mlp.parameter_count());
    work.mlp.reverse(work.cotangent.data());
    work.mlp.add_gradient();
  });
}

Tensor score_hessian_product(const GaussianPolicy& policy, const Tensor& parameters,
                             const PolicyBatch& batch, const Tensor& v) {
  const int64_t a = policy.action_size();
  const PerTask theta(parameters), direction(v);
  return mean_blocks(policy, theta, batch, [&](Workspace& work, const Block& block, float* sum) {
    work.standardise(theta[block.task], batch, block);
    const float* mean_tangent = work.mlp.tangent(direction[block.task]);
    const float* log_std_direction = direction[block.task] + work.mlp.parameter_count();
    const float* weight = rows_of(batch.advantage, block);
    float* log_std_sum = sum + work.mlp.parameter_count();
    for (int64_t j = 0; j < a; ++j) {
      // With z = (a - mu) / sigma: d log pi / d mu = z / sigma, d log pi / d log sigma = z^2 - 1.
      const float* z = work.z(j);
      const float inverse = work.spread.inverse_std[j], free = work.spread.free[j];
      const float log_std_tangent = log_std_direction[j] * free;
      const auto z_tangent = [=](int64_t t) {
        return -mean_tangent[t * a + j] * inverse - z[t] * log_std_tangent;
      };
      for (int64_t t = 0; t < block.rows; ++t) {
        work.cotangent[t * a + j] = weight[t] * z[t] * inverse;
        work.change[t * a + j] = weight[t] * (z_tangent(t) - z[t] * log_std_tangent) * inverse;
      }
      log_std_sum[j] += free * sum_rows(block.rows, [=](int64_t t) {
                          return weight[t] * 2.0f * z[t] * z_tangent(t);
                        });
    }
    work.mlp.reverse(work.cotangent.data());
    work.mlp.add_tangent_of_gradient(work.change.data());
  });
}

Tensor surrogate_gradient(const GaussianPolicy& policy, const Tensor& parameters,
                          const PolicyBatch& batch, const OldPolicy& old,
                          const SurrogateTerms& terms) {
  const int64_t a = policy.action_size();
  const PerTask theta(parameters);
  const auto clip = static_cast<float>(terms.clip);
  const auto beta = static_cast<float>(terms.kl_coefficient);
  return mean_blocks(policy, theta, batch, [&](Workspace& work, const Block& block, float* sum) {
    const Spread& spread = work.spread;
    const float* mean = work.standardise(theta[block.task], batch, block);
    work.log_densities(block.rows);
    const float* advantage = rows_of(batch.advantage, block);
    const float* old_log_prob = rows_of(old.log_prob, block);
    float* log_std_sum = sum + work.mlp.parameter_count();
    for (int64_t t = 0; t < block.rows; ++t)
      work.weight[t] =
          clipped_surrogate(work.log_prob[t] - old_log_prob[t], advantage[t], clip).slope;
    work.differentiate_log_densities(work.weight.data(), block.rows, log_std_sum);
    if (beta != 0.0f) {
      const float* old_mean = rows_of(old.mean, block);
      const float* old_log_std = old.log_std.data_ptr<float>() + block.task * a;
      for (int64_t j = 0; j < a; ++j) {
        // 1 - (old / new)^2, exactly 0 for equal spreads: Adam would make a step of what rounding
        // leaves of a zero gradient.
        const float widening = -std::expm1(2.0f * (old_log_std[j] - spread.log_std[j]));
        const float inverse = spread.inverse_std[j];
        const auto shift = [=](int64_t t) {
          return (mean[t * a + j] - old_mean[t * a + j]) * inverse;
        };
        for (int64_t t = 0; t < block.rows; ++t)
          work.cotangent[t * a + j] -= beta * shift(t) * inverse;
        const float squares = sum_rows(block.rows, [&](int64_t t) { return shift(t) * shift(t); });
        log_std_sum[j] -=
            beta * spread.free[j] * (static_cast<float>(block.rows) * widening - squares);
      }
    }
    work.mlp.reverse(work.cotangent.data());
    work.mlp.add_gradient();
  });
}

SurrogateMeans surrogate(const GaussianPolicy& policy, const Tensor& parameters,
                         const PolicyBatch& batch, const OldPolicy& old,
                         const SurrogateTerms& terms) {
  const int64_t a = policy.action_size();
  const PerTask theta(parameters);
  const auto clip = static_cast<float>(terms.clip);
  const auto add = [&](Workspace& work, const Block& block, double* sum) {
    const float* mean = work.standardise(theta[block.task], batch, block);
    work.log_densities(block.rows);
    const float* advantage = rows_of(batch.advantage, block);
    const float* old_mean = rows_of(old.mean, block);
    const float* old_log_prob = rows_of(old.log_prob, block);
    const float* old_log_std = old.log_std.data_ptr<float>() + block.task * a;
    for (int64_t t = 0; t < block.rows; ++t)
      work.weight[t] =
          clipped_surrogate(work.log_prob[t] - old_log_prob[t], advantage[t], clip).value;
    for (int64_t t = 0; t < block.rows; ++t) sum[0] += work.weight[t];
    for (int64_t j = 0; j < a; ++j) {
      double squares = 0.0;
      for (int64_t t = 0; t < block.rows; ++t) {
        const double shift = (mean[t * a + j] - old_mean[t * a + j]) * work.spread.inverse_std[j];
        squares += shift * shift;
      }
      const double narrowing = double(work.spread.log_std[j]) - old_log_std[j];
      // expm1 keeps the difference of nearly equal spreads.
      sum[1] += static_cast<double>(block.rows) * (narrowing + 0.5 * std::expm1(-2.0 * narrowing)) +
                0.5 * squares;
    }
  };
  const Tensor sums = RowCounts(batch).mean(
      sum_blocks<double>(policy, theta, batch, 2, add, [](Workspace&, double*) {}));
  return {sums.select(1, 0).contiguous(), sums.select(1, 1).contiguous()};
}

Tensor fisher_product(const GaussianPolicy& policy, const Tensor& parameters,
                      const PolicyBatch& batch, const Tensor& v) {
  const int64_t a = policy.action_size();
  const PerTask theta(parameters), direction(v);
  return mean_blocks(policy, theta, batch, [&](Workspace& work, const Block& block, float* sum) {
    const Spread& spread = work.spread;
    work.mlp.forward(theta[block.task], rows_of(batch.observation, block), block.rows);
    const float* mean_tangent = work.mlp.tangent(direction[block.task]);
    for (int64_t j = 0; j < a; ++j) {
      const float precision = spread.inverse_std[j] * spread.inverse_std[j];
      float* __restrict to = work.cotangent.data() + j;
      for (int64_t t = 0; t < block.rows; ++t) to[t * a] = mean_tangent[t * a + j] * precision;
    }
    work.mlp.reverse(work.cotangent.data());
    work.mlp.add_gradient();
    // The Fisher information of log sigma is 2, whatever the row.
    const float* log_std_direction = direction[block.task] + work.mlp.parameter_count();
    for (int64_t j = 0; j < a; ++j)
      sum[work.mlp.parameter_count() + j] +=
          2.0f * static_cast<float>(block.rows) * log_std_direction[j] * spread.free[j];
  });
}

}  // namespace reverie::calculus::blocks
