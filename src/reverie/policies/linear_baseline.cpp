#include <reverie/core/archive.h>
#include <reverie/core/error.h>
#include <reverie/core/workers.h>
#include <reverie/policies/linear_baseline.h>

#include <cmath>

namespace reverie {
namespace {

void features(const float* observation, int64_t size, float time, double* phi) {
  for (int64_t i = 0; i < size; ++i) {
    const double o = std::min(std::max(double(observation[i]), -10.0), 10.0);
    phi[i] = o;
    phi[size + i] = o * o;
  }
  const double t = time / 100.0;
  phi[2 * size] = t;
  phi[2 * size + 1] = t * t;
  phi[2 * size + 2] = t * t * t;
  phi[2 * size + 3] = 1.0;
}

/// Solves (A + ridge I) w = b by Cholesky, A given by its lower triangle. False where a pivot is not
/// positive or the solution is not finite.
bool solve(std::vector<double> a, double ridge, const std::vector<double>& b, double* w) {
  const auto n = static_cast<int64_t>(b.size());
  for (int64_t i = 0; i < n; ++i) {
    a[i * n + i] += ridge;
    for (int64_t j = 0; j <= i; ++j) {
      double sum = a[i * n + j];
      for (int64_t k = 0; k < j; ++k) sum -= a[i * n + k] * a[j * n + k];
      if (i == j && !(sum > 0.0)) return false;
      a[i * n + j] = i == j ? std::sqrt(sum) : sum / a[j * n + j];
    }
  }
  for (int64_t i = 0; i < n; ++i) {
    w[i] = b[i];
    for (int64_t k = 0; k < i; ++k) w[i] -= a[i * n + k] * w[k];
    w[i] /= a[i * n + i];
  }
  bool finite = true;
  for (int64_t i = n; i-- > 0;) {
    for (int64_t k = i + 1; k < n; ++k) w[i] -= a[k * n + i] * w[k];
    w[i] /= a[i * n + i];
    finite = finite && std::isfinite(w[i]);
  }
  return finite;
}

}  // namespace

void LinearFeatureBaseline::fit(const Rollouts& rollouts, const Tensor& returns) {
  const int64_t tasks = rollouts.tasks(), rows = rollouts.rows() * rollouts.horizon();
  const int64_t o = rollouts.observation.size(-1), n = 2 * o + 4;
  const Tensor observation = rollouts.observation.to(torch::kCPU, torch::kFloat32).contiguous();
  const Tensor time = rollouts.time.to(torch::kCPU, torch::kFloat32).contiguous();
  const Tensor target = returns.to(torch::kCPU, torch::kFloat32).contiguous();
  Tensor weights = torch::zeros({tasks, n}, torch::kFloat64);
  parallel_for(tasks, [&](int64_t task) {
    std::vector<double> a(static_cast<size_t>(n * n)), b(static_cast<size_t>(n)), phi(b);
    // phi phi^T is summed whole (not its lower half): rows of fixed length vectorise.
    for (int64_t row = task * rows; row < (task + 1) * rows; ++row) {
      features(observation.data_ptr<float>() + row * o, o, time.data_ptr<float>()[row], phi.data());
      const double y = target.data_ptr<float>()[row];
      for (int64_t i = 0; i < n; ++i) {
        const double scale = phi[i];
        double* line = a.data() + i * n;
        for (int64_t j = 0; j < n; ++j) line[j] += scale * phi[j];
        b[i] += scale * y;
      }
    }
    for (const double value : b)
      if (!std::isfinite(value))
        throw NonFiniteError(fmt::format(
            "NaN or infinity in the observations or returns of task {} given to the baseline", task));
    double ridge = regularisation_;
    for (int attempt = 0; attempt <= 5; ++attempt, ridge *= 10.0)
      if (solve(a, ridge, b, weights.data_ptr<double>() + task * n)) return;
    throw NonFiniteError(fmt::format("the baseline of task {} has no solution", task));
  });
  weights_ = weights;
}

Tensor LinearFeatureBaseline::predict(const Tensor& observation, const Tensor& time) const {
  Tensor values = torch::zeros(time.sizes(), torch::kFloat32);
  if (!weights_.defined()) return values.to(time.device());
  const int64_t tasks = time.size(0), rows = time[0].numel(), o = observation.size(-1);
  require_shape(weights_, {tasks, 2 * o + 4}, "the baseline's weights");
  const Tensor from = observation.to(torch::kCPU, torch::kFloat32).contiguous();
  const Tensor at = time.to(torch::kCPU, torch::kFloat32).contiguous();
  parallel_for(tasks, [&](int64_t task) {
    const int64_t n = 2 * o + 4;
    const double* w = weights_.data_ptr<double>() + task * n;
    std::vector<double> phi(static_cast<size_t>(n));
    for (int64_t row = task * rows; row < (task + 1) * rows; ++row) {
      features(from.data_ptr<float>() + row * o, o, at.data_ptr<float>()[row], phi.data());
      double sum = 0.0;
      for (int64_t i = 0; i < n; ++i) sum += w[i] * phi[i];
      values.data_ptr<float>()[row] = static_cast<float>(sum);
    }
  });
  return values.to(time.device());
}

void LinearFeatureBaseline::serialize(Archive& archive) {
  if (!weights_.defined()) weights_ = torch::empty({0, 0}, torch::kFloat64);
  archive("weights", weights_);
  if (weights_.numel() == 0) weights_ = Tensor();
}

}  // namespace reverie
