// Parallel evaluation over blocks of rows that stay in cache, for policy_calculus_kernels.cpp.
#pragma once

#include <reverie/core/workers.h>
#include <reverie/nn/kernels/mlp_block.h>
#include <reverie/policies/gaussian_policy.h>
#include <reverie/policies/policy_batch.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <vector>

namespace reverie::calculus {

/// Rows that pass through all layers together, staying in cache.
inline constexpr int64_t block_rows = 256;
/// Rows of a worker's task: fixed, so that the order of sums is too.
inline constexpr int64_t unit_rows = 1024;

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

/// The diagonal covariance at given parameters.
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
      // The parameter affects the deviation only at or above the floor.
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

/// The number of rows of each task in a batch.
class RowCounts {
 public:
  explicit RowCounts(const PolicyBatch& batch)
      : rows_(batch.rows()), count_(batch.count.defined() ? batch.count.cpu() : Tensor()) {}
  int64_t operator[](int64_t task) const {
    return count_.defined() ? count_.data_ptr<int64_t>()[task] : rows_;
  }
  /// Divides sums over rows [tasks, …] by the number of rows.
  Tensor mean(Tensor sum) const {
    if (!count_.defined()) return sum.div_(static_cast<double>(rows_));
    return sum.div_(count_.unsqueeze(1).to(sum.scalar_type()));
  }

 private:
  int64_t rows_;
  Tensor count_;
};

/// Rows [first, first + rows) of a task in a batch.
struct Block {
  int64_t task, first, rows;
};

inline const float* rows_of(const Tensor& tensor, const Block& block) {
  return tensor.data_ptr<float>() + block.task * tensor.stride(0) + block.first * tensor.stride(1);
}

/// The sum of `term(t)` over t < rows, in eight independent partial sums.
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

/// One thread's buffers for computing blocks. Constructed once per thread and sum; a block
/// allocates nothing. Loops run over rows, component by component: a row of actions is too short
/// for SIMD vectors.
struct Workspace {
  explicit Workspace(const GaussianPolicy& policy)
      : mlp(policy.sizes(), block_rows),
        spread(policy),
        standardised(static_cast<size_t>(block_rows * policy.action_size())),
        cotangent(standardised.size()),
        change(standardised.size()),
        log_prob(static_cast<size_t>(block_rows)),
        weight(log_prob.size()) {}

  /// Returns the mean actions [rows, a] of the block; fills `z`.
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

  /// After `standardise`: sets the cotangent of the mean actions to the gradient of sum_t factor_t
  /// log pi(a_t | s_t), and adds its gradient in the log standard deviations to `log_std_sum`.
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

  /// Component j of the standardised actions, (action - mean) / std, row by row.
  const float* z(int64_t j) const { return standardised.data() + j * block_rows; }

  MlpBlock mlp;
  Spread spread;
  std::vector<float> standardised;       // [a, block_rows]
  std::vector<float> cotangent, change;  // [block_rows, a]
  std::vector<float> log_prob, weight;   // [block_rows]
};

/// Runs `body(workspace, block, result)` on every block of every task, in parallel over units of
/// rows, where `result` is the unit's own zeroed array of `width` numbers, then `finish(workspace,
/// result)` on the unit. Returns the sum of the units by task, [tasks, width], added in row order.
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

/// The same for gradients, averaged over rows.
template <class Body>
Tensor mean_blocks(const GaussianPolicy& policy, const PerTask& theta, const PolicyBatch& batch,
                   const Body& body) {
  const auto finish = [](Workspace& work, float* sum) { work.mlp.take_gradient(sum); };
  return RowCounts(batch).mean(
      sum_blocks<float>(policy, theta, batch, policy.parameter_count(), body, finish));
}

}  // namespace reverie::calculus
