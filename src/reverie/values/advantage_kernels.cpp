#include <reverie/values/advantage_kernels.h>

#include <reverie/core/workers.h>

#include <cmath>

namespace reverie {
namespace {

/// The arrays of rollouts as plain pointers; holds the tensors they point into.
struct Arrays {
  Arrays(const Rollouts& rollouts, const Tensor& bootstrap_values)
      : horizon(rollouts.horizon()),
        rows(rollouts.tasks() * rollouts.rows()),
        reward(cpu(rollouts.reward, torch::kFloat32)),
        terminated(cpu(rollouts.terminated, torch::kBool)),
        truncated(cpu(rollouts.truncated, torch::kBool)) {
    if (bootstrap_values.defined()) bootstrap = cpu(bootstrap_values, torch::kFloat32);
  }
  static Tensor cpu(const Tensor& tensor, torch::Dtype type) {
    return tensor.detach().to(torch::kCPU, type).contiguous();
  }
  int64_t horizon, rows;
  Tensor reward, terminated, truncated, bootstrap;
};

/// `normalized` of one task of which some steps count.
void normalize_some(const float* x, const bool* counted, int64_t count, float* out) {
  double number = 0.0, sum = 0.0, squares = 0.0;
  for (int64_t i = 0; i < count; ++i) {
    if (!counted[i]) continue;
    ++number;
    sum += x[i];
  }
  const double mean = sum / number;
  for (int64_t i = 0; i < count; ++i)
    if (counted[i]) squares += (x[i] - mean) * (x[i] - mean);
  const double scale = 1.0 / (std::sqrt(squares / number) + 1e-8);
  for (int64_t i = 0; i < count; ++i)
    out[i] = counted[i] ? static_cast<float>((x[i] - mean) * scale) : 0.0f;
}

}  // namespace

Tensor generalized_advantages_kernels(const Rollouts& rollouts, const Tensor& values,
                                      double discount, double lambda, const Tensor& bootstrap) {
  const Arrays arrays(rollouts, bootstrap);
  const Tensor held = values.defined() ? Arrays::cpu(values, torch::kFloat32) : Tensor();
  Tensor result = torch::empty(arrays.reward.sizes(), torch::kFloat32);
  const float* reward = arrays.reward.data_ptr<float>();
  const bool* terminated = arrays.terminated.data_ptr<bool>();
  const bool* truncated = arrays.truncated.data_ptr<bool>();
  const float* beyond = bootstrap.defined() ? arrays.bootstrap.data_ptr<float>() : nullptr;
  const float* value = held.defined() ? held.data_ptr<float>() : nullptr;
  float* out = result.data_ptr<float>();
  constexpr int64_t rows_at_once = 32;
  parallel_for((arrays.rows + rows_at_once - 1) / rows_at_once, [&](int64_t group) {
    const int64_t end = std::min((group + 1) * rows_at_once, arrays.rows);
    for (int64_t row = group * rows_at_once; row < end; ++row) {
      // Backwards through the row: A_t = delta_t + gamma lambda A_{t+1}, within an episode.
      double advantage = 0.0, next_value = 0.0;
      for (int64_t i = (row + 1) * arrays.horizon; i-- > row * arrays.horizon;) {
        const bool last = i + 1 == (row + 1) * arrays.horizon;
        if (terminated[i] || truncated[i] || last) {
          advantage = 0.0;
          next_value = beyond && !terminated[i] ? beyond[i] : 0.0;
        }
        const double here = value ? value[i] : 0.0;
        advantage = reward[i] + discount * next_value - here + discount * lambda * advantage;
        next_value = here;
        out[i] = static_cast<float>(advantage);
      }
    }
  });
  return result;
}

Tensor normalized_kernels(const Tensor& advantages, const Tensor& counted) {
  const int64_t tasks = advantages.size(0), count = advantages.numel() / tasks;
  const Tensor from = Arrays::cpu(advantages, torch::kFloat32);
  Tensor result = torch::empty(from.sizes(), torch::kFloat32);
  const Tensor mask = counted.defined() ? counted.cpu().contiguous() : Tensor();
  parallel_for(tasks, [&](int64_t task) {
    const float* x = from.data_ptr<float>() + task * count;
    float* out = result.data_ptr<float>() + task * count;
    if (mask.defined()) return normalize_some(x, mask.data_ptr<bool>() + task * count, count, out);
    double sum = 0.0, squares = 0.0;
    for (int64_t i = 0; i < count; ++i) sum += x[i];
    const double mean = sum / static_cast<double>(count);
    for (int64_t i = 0; i < count; ++i) squares += (x[i] - mean) * (x[i] - mean);
    const double scale = 1.0 / (std::sqrt(squares / static_cast<double>(count)) + 1e-8);
    for (int64_t i = 0; i < count; ++i) out[i] = static_cast<float>((x[i] - mean) * scale);
  });
  return result;
}

}  // namespace reverie
