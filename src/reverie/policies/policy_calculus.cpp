#include <reverie/core/elementary.h>
#include <reverie/core/workers.h>
#include <reverie/nn/kernels/choice.h>
#include <reverie/nn/kernels/mlp_block.h>
#include <reverie/policies/policy_calculus.h>
#include <reverie/policies/policy_calculus_autograd.h>

#include <atomic>
#include <cmath>

namespace reverie {

PolicyBatch policy_batch(const Rollouts& rollouts, const Tensor& advantage) {
  const int64_t tasks = rollouts.tasks(), rows = rollouts.rows() * rollouts.horizon();
  require_shape(advantage, {tasks, rollouts.rows(), rollouts.horizon()}, "the advantages");
  const PolicyBatch all{rollouts.observation.reshape({tasks, rows, -1}).contiguous(),
                        rollouts.action.reshape({tasks, rows, -1}).contiguous(),
                        advantage.reshape({tasks, rows}).to(torch::kFloat32).contiguous()};
  if (!rollouts.counted.defined()) return all;
  // The counted steps first, in their order.
  const Tensor counted = rollouts.counted.reshape({tasks, rows});
  const Tensor order = std::get<1>(torch::sort(counted.logical_not().to(torch::kInt8),
                                               /*stable=*/true, /*dim=*/1, /*descending=*/false));
  const Tensor first = rows * torch::arange(tasks, order.options()).unsqueeze(1);
  const Tensor rows_in_order = (first + order).flatten();
  const auto sorted = [&](const Tensor& field) {
    return field.flatten(0, 1).index_select(0, rows_in_order).view_as(field);
  };
  return {sorted(all.observation), sorted(all.action), sorted(all.advantage), counted.sum(1)};
}

PolicyBatch thinned(const PolicyBatch& batch, double fraction) {
  const auto every = std::max<int64_t>(1, std::llround(1.0 / fraction));
  if (every == 1) return batch;
  const auto some = [every](const Tensor& field) {
    return field.slice(1, 0, field.size(1), every).contiguous();
  };
  return {some(batch.observation), some(batch.action), some(batch.advantage),
          batch.count.defined() ? (batch.count + (every - 1)).floor_divide(every) : Tensor()};
}

PolicyBatch joined(const PolicyBatch& batch) {
  if (batch.count.defined()) {
    const Tensor rows = torch::arange(batch.rows(), batch.count.options());
    const Tensor kept = (rows < batch.count.unsqueeze(1)).flatten().nonzero().squeeze(1);
    const auto chosen = [&](const Tensor& field) {
      return field.flatten(0, 1).index_select(0, kept).unsqueeze(0);
    };
    return {chosen(batch.observation), chosen(batch.action), chosen(batch.advantage)};
  }
  return {batch.observation.flatten(0, 1).unsqueeze(0), batch.action.flatten(0, 1).unsqueeze(0),
          batch.advantage.flatten().unsqueeze(0)};
}

namespace calculus {
namespace {

using kernels::serve;

constexpr int64_t block_rows = 256;  // rows that pass through all layers while they are in cache
constexpr int64_t unit_rows = 1024;  // rows of a worker's task: fixed, so sums keep their order

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
  explicit Spread(const GaussianPolicy& policy)
      : log_std(static_cast<size_t>(policy.action_size())),
        inverse_std(log_std.size()),
        free(log_std.size()),
        floor(static_cast<float>(policy.min_log_std())),
        offset(policy.parameter_count() - policy.action_size()) {}

  void read(const float* parameters) {
    normaliser = 0.0f;
    for (size_t j = 0; j < log_std.size(); ++j) {
      const float raw = parameters[offset + static_cast<int64_t>(j)];
      log_std[j] = raw < floor ? floor : raw;  // NaN stays
      inverse_std[j] = std::exp(-log_std[j]);
      // At or above the floor the parameter moves the deviation, below it doesn't.
      free[j] = raw < floor ? 0.0f : 1.0f;
      constexpr float half_log_2pi = 0.918938533f;
      normaliser += log_std[j] + half_log_2pi;
    }
  }

  int64_t action_size() const { return static_cast<int64_t>(log_std.size()); }

  std::vector<float> log_std, inverse_std, free;
  float normaliser = 0.0f;  ///< The log-density is -|z|^2 / 2 minus this.

 private:
  float floor;
  int64_t offset;
};

/// How many rows each task of a batch has.
class RowCounts {
 public:
  explicit RowCounts(const PolicyBatch& batch)
      : rows_(batch.rows()), count_(batch.count.defined() ? batch.count.cpu() : Tensor()) {}
  int64_t operator[](int64_t task) const {
    return count_.defined() ? count_.data_ptr<int64_t>()[task] : rows_;
  }
  /// Sums over rows [tasks, …], divided by their number.
  Tensor mean(Tensor sum) const {
    if (!count_.defined()) return sum.div_(static_cast<double>(rows_));
    return sum.div_(count_.unsqueeze(1).to(sum.scalar_type()));
  }

 private:
  int64_t rows_;
  Tensor count_;
};

/// Rows [first, first + rows) of a task of a batch.
struct Block {
  int64_t task, first, rows;
};

const float* rows_of(const Tensor& tensor, const Block& block) {
  return tensor.data_ptr<float>() + block.task * tensor.stride(0) + block.first * tensor.stride(1);
}

/// The sum of `term(t)` over t < rows, in eight sums that don't wait for each other.
template <class Term>
float sum_rows(int64_t rows, const Term& term) {
  constexpr int64_t lanes = 8;
  float sums[lanes] = {};
  int64_t t = 0;
  for (; t + lanes <= rows; t += lanes)
    for (int64_t lane = 0; lane < lanes; ++lane) sums[lane] += term(t + lane);
  for (; t < rows; ++t) sums[0] += term(t);
  float sum = 0.0f;
  for (const float part : sums) sum += part;
  return sum;
}

/// What one thread computes blocks with. Made once a thread and sum; a block allocates nothing.
/// Its loops run over rows, component by component: a row of actions is too short to fill vectors.
struct Workspace {
  explicit Workspace(const GaussianPolicy& policy)
      : mlp(policy.sizes(), block_rows),
        spread(policy),
        standardised(static_cast<size_t>(block_rows * policy.action_size())),
        cotangent(standardised.size()),
        change(standardised.size()),
        log_prob(static_cast<size_t>(block_rows)),
        weight(log_prob.size()) {}

  /// The mean actions [rows, a] of the block; fills `z`.
  const float* standardise(const float* parameters, const PolicyBatch& batch, const Block& block) {
    const float* mean = mlp.forward(parameters, rows_of(batch.observation, block), block.rows);
    const float* action = rows_of(batch.action, block);
    const int64_t a = spread.action_size();
    for (int64_t j = 0; j < a; ++j) {
      const float inverse = spread.inverse_std[j];
      float* __restrict to = standardised.data() + j * block_rows;
      for (int64_t t = 0; t < block.rows; ++t)
        to[t] = (action[t * a + j] - mean[t * a + j]) * inverse;
    }
    return mean;
  }

  /// After `standardise`: fills `log_prob`.
  void log_densities(int64_t rows) {
    float* __restrict to = log_prob.data();
    std::fill_n(to, rows, -spread.normaliser);
    for (int64_t j = 0; j < spread.action_size(); ++j) {
      const float* from = z(j);
      for (int64_t t = 0; t < rows; ++t) to[t] -= 0.5f * from[t] * from[t];
    }
  }

  /// After `standardise`: sets the cotangent of the mean actions to the gradient of
  /// sum_t factor_t log pi(a_t | s_t), and adds that by the log deviations to `log_std_sum`.
  void differentiate_log_densities(const float* factor, int64_t rows, float* log_std_sum) {
    const int64_t a = spread.action_size();
    for (int64_t j = 0; j < a; ++j) {
      const float* from = z(j);
      const float inverse = spread.inverse_std[j];
      float* __restrict to = cotangent.data() + j;
      for (int64_t t = 0; t < rows; ++t) to[t * a] = factor[t] * from[t] * inverse;
      log_std_sum[j] += spread.free[j] * sum_rows(rows, [=](int64_t t) {
                          return factor[t] * (from[t] * from[t] - 1.0f);
                        });
    }
  }

  /// Component j of the actions' deviations in units of the standard deviation, row by row.
  const float* z(int64_t j) const { return standardised.data() + j * block_rows; }

  MlpBlock mlp;
  Spread spread;
  std::vector<float> standardised;       // [a, block_rows]
  std::vector<float> cotangent, change;  // [block_rows, a]
  std::vector<float> log_prob, weight;   // [block_rows]
};

/// Runs `body(workspace, block, result)` on every block of every task, in parallel over units of
/// rows, where `result` is the unit's own zeroed array of `width` numbers, then `finish(workspace,
/// result)` on the unit, and returns the units' sum by task, [tasks, width], added up in the order
/// of the rows.
template <class T, class Body, class Finish>
Tensor sum_blocks(const GaussianPolicy& policy, const PerTask& theta, const PolicyBatch& batch,
                  int64_t width, const Body& body, const Finish& finish) {
  const int64_t tasks = batch.tasks(), rows = batch.rows();
  const int64_t units_per_task = (rows + unit_rows - 1) / unit_rows;
  const int64_t units = tasks * units_per_task;
  const RowCounts counts(batch);
  std::vector<T> partial(static_cast<size_t>(units * width));
  std::atomic<int64_t> next{0};
  parallel_for(std::min<int64_t>(worker_count(), units), [&](int64_t) {
    Workspace workspace(policy);
    for (int64_t index = next++; index < units; index = next++) {
      const int64_t task = index / units_per_task, begin = index % units_per_task * unit_rows;
      const int64_t end = std::min(begin + unit_rows, counts[task]);
      workspace.spread.read(theta[task]);
      for (int64_t first = begin; first < end; first += block_rows)
        body(workspace, Block{task, first, std::min(block_rows, end - first)},
             partial.data() + index * width);
      finish(workspace, partial.data() + index * width);
    }
  });
  Tensor total = torch::zeros({tasks, width}, c10::CppTypeToScalarType<T>::value);
  T* out = total.data_ptr<T>();
  for (int64_t index = 0; index < units; ++index) {
    const T* from = partial.data() + index * width;
    T* to = out + index / units_per_task * width;
    for (int64_t i = 0; i < width; ++i) to[i] += from[i];
  }
  return total;
}

/// The same for a sum of gradients, as a mean over rows.
template <class Body>
Tensor mean_blocks(const GaussianPolicy& policy, const PerTask& theta, const PolicyBatch& batch,
                   const Body& body) {
  const auto finish = [](Workspace& work, float* sum) { work.mlp.take_gradient(sum); };
  return RowCounts(batch).mean(
      sum_blocks<float>(policy, theta, batch, policy.parameter_count(), body, finish));
}

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
  if (!serve(parameters)) return autograd::evaluate(policy, parameters, batch);
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
  if (!serve(parameters)) return autograd::score_gradient(policy, parameters, batch);
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
  if (!serve(parameters)) return autograd::score_hessian_product(policy, parameters, batch, v);
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
  if (!serve(parameters))
    return autograd::surrogate_gradient(policy, parameters, batch, old, terms);
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
  if (!serve(parameters)) return autograd::surrogate(policy, parameters, batch, old, terms);
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
  if (!serve(parameters)) return autograd::fisher_product(policy, parameters, batch, v);
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

}  // namespace calculus
}  // namespace reverie
