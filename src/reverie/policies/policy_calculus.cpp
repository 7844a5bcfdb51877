#include <reverie/core/workers.h>
#include <reverie/nn/kernels/choice.h>
#include <reverie/nn/kernels/mlp_block.h>
#include <reverie/policies/policy_calculus.h>
#include <reverie/policies/policy_calculus_autograd.h>

#include <cmath>
#include <numbers>

namespace reverie {

PolicyBatch policy_batch(const Rollouts& rollouts, const Tensor& advantage) {
  const int64_t tasks = rollouts.tasks(), rows = rollouts.rows() * rollouts.horizon();
  require_shape(advantage, {tasks, rollouts.rows(), rollouts.horizon()}, "the advantages");
  return {rollouts.observation.reshape({tasks, rows, -1}).contiguous(),
          rollouts.action.reshape({tasks, rows, -1}).contiguous(),
          advantage.reshape({tasks, rows}).to(torch::kFloat32).contiguous()};
}

PolicyBatch joined(const PolicyBatch& batch) {
  return {batch.observation.flatten(0, 1).unsqueeze(0), batch.action.flatten(0, 1).unsqueeze(0),
          batch.advantage.flatten().unsqueeze(0)};
}

namespace calculus {
namespace {

using kernels::serve;

constexpr int64_t block_rows = 128;  // rows that pass through all layers while they are in cache
constexpr int64_t unit_rows = 512;   // rows of a worker's task: fixed, so sums keep their order

/// A float tensor [p] or [tasks, p], read task by task.
class PerTask {
 public:
  explicit PerTask(const Tensor& tensor)
      : tensor_(tensor.detach().to(torch::kFloat32).contiguous()),
        stride_(tensor.dim() == 2 ? tensor.size(1) : 0) {}
  const float* operator[](int64_t task) const { return tensor_.data_ptr<float>() + task * stride_; }

 private:
  Tensor tensor_;
  int64_t stride_;
};

/// The diagonal covariance at some parameters.
struct Spread {
  Spread(const GaussianPolicy& policy, const float* parameters) {
    const int64_t a = policy.action_size();
    const float* raw = parameters + policy.parameter_count() - a;
    const auto floor = static_cast<float>(policy.min_log_std());
    for (int64_t j = 0; j < a; ++j) {
      const float value = raw[j] < floor ? floor : raw[j];  // NaN stays
      log_std.push_back(value);
      inverse_std.push_back(std::exp(-value));
      // At or above the floor the parameter moves the deviation, below it doesn't.
      free.push_back(raw[j] < floor ? 0.0f : 1.0f);
    }
  }
  std::vector<float> log_std, inverse_std, free;
};

/// Rows [first, first + rows) of a task of a batch.
struct Block {
  int64_t task, first, rows;
};

/// Runs `body(mlp, block, result)` on every block of every task, in parallel over units of rows,
/// where `result` is the unit's own zeroed array of `width` numbers, and returns the units' sum by
/// task, [tasks, width], added up in the order of the rows.
template <class T, class Body>
Tensor sum_blocks(const GaussianPolicy& policy, const PolicyBatch& batch, int64_t width,
                  const Body& body) {
  const int64_t tasks = batch.tasks(), rows = batch.rows();
  const int64_t units = (rows + unit_rows - 1) / unit_rows;
  std::vector<T> partial(static_cast<size_t>(tasks * units * width));
  parallel_for(tasks * units, [&](int64_t index) {
    MlpBlock mlp(policy.sizes(), block_rows);
    const int64_t task = index / units, begin = index % units * unit_rows;
    const int64_t end = std::min(begin + unit_rows, rows);
    for (int64_t first = begin; first < end; first += block_rows)
      body(mlp, Block{task, first, std::min(block_rows, end - first)},
           partial.data() + index * width);
  });
  Tensor total = torch::zeros({tasks, width}, c10::CppTypeToScalarType<T>::value);
  T* out = total.data_ptr<T>();
  for (int64_t index = 0; index < tasks * units; ++index) {
    const T* from = partial.data() + index * width;
    T* to = out + index / units * width;
    for (int64_t i = 0; i < width; ++i) to[i] += from[i];
  }
  return total;
}

/// The same for a sum of gradients: `body(mlp, block, cotangents…)`, as a mean over rows.
template <class Body>
Tensor mean_blocks(const GaussianPolicy& policy, const PolicyBatch& batch, const Body& body) {
  Tensor sum = sum_blocks<float>(policy, batch, policy.parameter_count(), body);
  return sum.div_(static_cast<double>(batch.rows()));
}

const float* rows_of(const Tensor& tensor, const Block& block) {
  return tensor.data_ptr<float>() + block.task * tensor.stride(0) + block.first * tensor.stride(1);
}

/// log N(action; mean, spread) of one row.
float log_density(const float* action, const float* mean, const Spread& spread) {
  constexpr float half_log_2pi = 0.918938533f;
  float sum = 0.0f;
  for (size_t j = 0; j < spread.log_std.size(); ++j) {
    const float z = (action[j] - mean[j]) * spread.inverse_std[j];
    sum -= 0.5f * z * z + spread.log_std[j] + half_log_2pi;
  }
  return sum;
}

/// PPO's clipped term and its derivative by the log-density.
struct Clipped {
  float value, slope;
};
Clipped clipped_surrogate(float log_ratio, float advantage, float clip) {
  const float ratio = std::exp(log_ratio);
  const float bounded = ratio < 1 - clip ? 1 - clip : (ratio > 1 + clip ? 1 + clip : ratio);
  const float plain = ratio * advantage, held = bounded * advantage;
  if (held < plain) return {held, 0.0f};
  return {plain, plain};
}

}  // namespace

OldPolicy evaluate(const GaussianPolicy& policy, const Tensor& parameters,
                   const PolicyBatch& batch) {
  if (!serve(parameters)) return autograd::evaluate(policy, parameters, batch);
  const int64_t a = policy.action_size();
  const PerTask theta(parameters);
  OldPolicy old{torch::empty({batch.tasks(), batch.rows(), a}), torch::empty({batch.tasks(), a}),
                torch::empty({batch.tasks(), batch.rows()})};
  for (int64_t task = 0; task < batch.tasks(); ++task) {
    const Spread spread(policy, theta[task]);
    std::copy(spread.log_std.begin(), spread.log_std.end(),
              old.log_std.data_ptr<float>() + task * a);
  }
  sum_blocks<float>(policy, batch, 0, [&](MlpBlock& mlp, const Block& block, float*) {
    const Spread spread(policy, theta[block.task]);
    const float* mean =
        mlp.forward(theta[block.task], rows_of(batch.observation, block), block.rows);
    const float* action = rows_of(batch.action, block);
    const int64_t row = block.task * batch.rows() + block.first;
    std::copy(mean, mean + block.rows * a, old.mean.data_ptr<float>() + row * a);
    float* log_prob = old.log_prob.data_ptr<float>() + row;
    for (int64_t t = 0; t < block.rows; ++t)
      log_prob[t] = log_density(action + t * a, mean + t * a, spread);
  });
  return old;
}

Tensor score_gradient(const GaussianPolicy& policy, const Tensor& parameters,
                      const PolicyBatch& batch) {
  if (!serve(parameters)) return autograd::score_gradient(policy, parameters, batch);
  const int64_t a = policy.action_size();
  const PerTask theta(parameters);
  return mean_blocks(policy, batch, [&](MlpBlock& mlp, const Block& block, float* gradient) {
    const Spread spread(policy, theta[block.task]);
    const float* mean =
        mlp.forward(theta[block.task], rows_of(batch.observation, block), block.rows);
    const float* action = rows_of(batch.action, block);
    const float* weight = rows_of(batch.advantage, block);
    float* log_std_gradient = gradient + mlp.parameter_count();
    std::vector<float> cotangent(static_cast<size_t>(block.rows * a));
    for (int64_t t = 0; t < block.rows; ++t) {
      for (int64_t j = 0; j < a; ++j) {
        const float z = (action[t * a + j] - mean[t * a + j]) * spread.inverse_std[j];
        cotangent[t * a + j] = weight[t] * z * spread.inverse_std[j];
        log_std_gradient[j] += weight[t] * (z * z - 1.0f) * spread.free[j];
      }
    }
    mlp.reverse(cotangent.data());
    mlp.add_gradient(gradient);
  });
}

Tensor score_hessian_product(const GaussianPolicy& policy, const Tensor& parameters,
                             const PolicyBatch& batch, const Tensor& v) {
  if (!serve(parameters)) return autograd::score_hessian_product(policy, parameters, batch, v);
  const int64_t a = policy.action_size();
  const PerTask theta(parameters), direction(v);
  return mean_blocks(policy, batch, [&](MlpBlock& mlp, const Block& block, float* product) {
    const Spread spread(policy, theta[block.task]);
    const float* mean =
        mlp.forward(theta[block.task], rows_of(batch.observation, block), block.rows);
    const float* mean_tangent = mlp.tangent(direction[block.task]);
    const float* log_std_direction = direction[block.task] + mlp.parameter_count();
    const float* action = rows_of(batch.action, block);
    const float* weight = rows_of(batch.advantage, block);
    float* log_std_product = product + mlp.parameter_count();
    std::vector<float> cotangent(static_cast<size_t>(block.rows * a)), change(cotangent.size());
    for (int64_t t = 0; t < block.rows; ++t) {
      for (int64_t j = 0; j < a; ++j) {
        // With z = (a - mu) / sigma: d log pi / d mu = z / sigma, d log pi / d log sigma = z^2 - 1.
        const float inverse = spread.inverse_std[j];
        const float log_std_tangent = log_std_direction[j] * spread.free[j];
        const float z = (action[t * a + j] - mean[t * a + j]) * inverse;
        const float z_tangent = -mean_tangent[t * a + j] * inverse - z * log_std_tangent;
        cotangent[t * a + j] = weight[t] * z * inverse;
        change[t * a + j] = weight[t] * (z_tangent - z * log_std_tangent) * inverse;
        log_std_product[j] += weight[t] * 2.0f * z * z_tangent * spread.free[j];
      }
    }
    mlp.reverse(cotangent.data());
    mlp.add_tangent_of_gradient(change.data(), product);
  });
}

Tensor surrogate_gradient(const GaussianPolicy& policy, const Tensor& parameters,
                          const PolicyBatch& batch, const OldPolicy& old,
                          const SurrogateTerms& terms) {
  if (!serve(parameters))
    return autograd::surrogate_gradient(policy, parameters, batch, old, terms);
  const int64_t a = policy.action_size();
  const PerTask theta(parameters);
  const auto clip = static_cast<float>(terms.clip);
  const auto beta = static_cast<float>(terms.kl_coefficient);
  return mean_blocks(policy, batch, [&](MlpBlock& mlp, const Block& block, float* gradient) {
    const Spread spread(policy, theta[block.task]);
    const float* mean =
        mlp.forward(theta[block.task], rows_of(batch.observation, block), block.rows);
    const float* action = rows_of(batch.action, block);
    const float* advantage = rows_of(batch.advantage, block);
    const float* old_mean = rows_of(old.mean, block);
    const float* old_log_prob = rows_of(old.log_prob, block);
    const float* old_log_std = old.log_std.data_ptr<float>() + block.task * a;
    float* log_std_gradient = gradient + mlp.parameter_count();
    std::vector<float> cotangent(static_cast<size_t>(block.rows * a));
    // Exactly 1 for equal spreads: Adam would make a step of what rounding leaves of a zero
    // gradient.
    std::vector<float> deviation_ratio(static_cast<size_t>(a));
    for (int64_t j = 0; j < a; ++j)
      deviation_ratio[j] = std::exp(old_log_std[j] - spread.log_std[j]);
    for (int64_t t = 0; t < block.rows; ++t) {
      const float log_prob = log_density(action + t * a, mean + t * a, spread);
      const float weight = clipped_surrogate(log_prob - old_log_prob[t], advantage[t], clip).slope;
      for (int64_t j = 0; j < a; ++j) {
        const float inverse = spread.inverse_std[j];
        const float z = (action[t * a + j] - mean[t * a + j]) * inverse;
        const float shift = (mean[t * a + j] - old_mean[t * a + j]) * inverse;
        const float ratio = deviation_ratio[j];
        cotangent[t * a + j] = (weight * z - beta * shift) * inverse;
        log_std_gradient[j] += spread.free[j] * (weight * (z * z - 1.0f) -
                                                 beta * (1.0f - ratio * ratio - shift * shift));
      }
    }
    mlp.reverse(cotangent.data());
    mlp.add_gradient(gradient);
  });
}

SurrogateMeans surrogate(const GaussianPolicy& policy, const Tensor& parameters,
                         const PolicyBatch& batch, const OldPolicy& old,
                         const SurrogateTerms& terms) {
  if (!serve(parameters)) return autograd::surrogate(policy, parameters, batch, old, terms);
  const int64_t a = policy.action_size();
  const PerTask theta(parameters);
  const auto clip = static_cast<float>(terms.clip);
  Tensor sums =
      sum_blocks<double>(policy, batch, 2, [&](MlpBlock& mlp, const Block& block, double* sum) {
        const Spread spread(policy, theta[block.task]);
        const float* mean =
            mlp.forward(theta[block.task], rows_of(batch.observation, block), block.rows);
        const float* action = rows_of(batch.action, block);
        const float* advantage = rows_of(batch.advantage, block);
        const float* old_mean = rows_of(old.mean, block);
        const float* old_log_prob = rows_of(old.log_prob, block);
        const float* old_log_std = old.log_std.data_ptr<float>() + block.task * a;
        for (int64_t t = 0; t < block.rows; ++t) {
          const float log_prob = log_density(action + t * a, mean + t * a, spread);
          sum[0] += clipped_surrogate(log_prob - old_log_prob[t], advantage[t], clip).value;
          for (int64_t j = 0; j < a; ++j) {
            const double shift = (mean[t * a + j] - old_mean[t * a + j]) * spread.inverse_std[j];
            const double narrowing = double(spread.log_std[j]) - old_log_std[j];
            // expm1 keeps the difference of nearly equal spreads.
            sum[1] += narrowing + 0.5 * (std::expm1(-2.0 * narrowing) + shift * shift);
          }
        }
      });
  sums.div_(static_cast<double>(batch.rows()));
  return {sums.select(1, 0).contiguous(), sums.select(1, 1).contiguous()};
}

Tensor fisher_product(const GaussianPolicy& policy, const Tensor& parameters,
                      const PolicyBatch& batch, const Tensor& v) {
  if (!serve(parameters)) return autograd::fisher_product(policy, parameters, batch, v);
  const int64_t a = policy.action_size();
  const PerTask theta(parameters), direction(v);
  return mean_blocks(policy, batch, [&](MlpBlock& mlp, const Block& block, float* product) {
    const Spread spread(policy, theta[block.task]);
    mlp.forward(theta[block.task], rows_of(batch.observation, block), block.rows);
    const float* mean_tangent = mlp.tangent(direction[block.task]);
    std::vector<float> cotangent(static_cast<size_t>(block.rows * a));
    for (int64_t t = 0; t < block.rows; ++t)
      for (int64_t j = 0; j < a; ++j)
        cotangent[t * a + j] =
            mean_tangent[t * a + j] * spread.inverse_std[j] * spread.inverse_std[j];
    mlp.reverse(cotangent.data());
    mlp.add_gradient(product);
    // The Fisher information of log sigma is 2, whatever the row.
    const float* log_std_direction = direction[block.task] + mlp.parameter_count();
    for (int64_t j = 0; j < a; ++j)
      product[mlp.parameter_count() + j] +=
          2.0f * static_cast<float>(block.rows) * log_std_direction[j] * spread.free[j];
  });
}

}  // namespace calculus
}  // namespace reverie
