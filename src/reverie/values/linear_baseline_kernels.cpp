#include <reverie/values/linear_baseline_kernels.h>

#include <reverie/core/error.h>
#include <reverie/core/workers.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace reverie {
namespace {

constexpr int64_t lanes = 8;    // features are padded with zeros to a multiple of this
constexpr int64_t at_once = 8;  // rows added to the normal equations together

int64_t padded(int64_t count) {
  return (count + lanes - 1) / lanes * lanes;
}

void features(const float* observation, int64_t size, float time, double* phi) {
  for (int64_t i = 0; i < size; ++i) {
    const double wide = observation[i];
    const double o = wide < -10.0 ? -10.0 : (wide > 10.0 ? 10.0 : wide);  // NaN stays
    phi[i] = o;
    phi[size + i] = o * o;
  }
  const double t = time / 100.0;
  phi[2 * size] = t;
  phi[2 * size + 1] = t * t;
  phi[2 * size + 2] = t * t * t;
  phi[2 * size + 3] = 1.0;
}

/// A += sum of phi phi^T and b += sum of phi y over `at_once` rows, A [n, width] in its upper
/// triangle (and what shares a vector with it). The fixed inner length lets the sums stay in
/// registers.
void add_rows(const double* phi, const double* y, int64_t n, int64_t width, double* a, double* b) {
  for (int64_t i = 0; i < n; ++i) {
    double* line = a + i * width;
    for (int64_t j = i / lanes * lanes; j < width; ++j) {
      double sum = 0.0;
      for (int64_t r = 0; r < at_once; ++r) sum += phi[r * width + i] * phi[r * width + j];
      line[j] += sum;
    }
    for (int64_t r = 0; r < at_once; ++r) b[i] += phi[r * width + i] * y[r];
  }
}

/// Solves (A + ridge I) w = b by Cholesky, A [n, n] given by its lower triangle. False where a
/// pivot is not positive or the solution is not finite.
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

Tensor baseline_weights_kernels(const Rollouts& rollouts, const Tensor& returns,
                                double regularisation) {
  const int64_t tasks = rollouts.tasks(), rows = rollouts.rows() * rollouts.horizon();
  const int64_t o = rollouts.observation.size(-1), n = 2 * o + 4;
  const Tensor observation = rollouts.observation.to(torch::kCPU, torch::kFloat32).contiguous();
  const Tensor time = rollouts.time.to(torch::kCPU, torch::kFloat32).contiguous();
  const Tensor target = returns.to(torch::kCPU, torch::kFloat32).contiguous();
  Tensor weights = torch::zeros({tasks, n}, torch::kFloat64);
  const float* observations = observation.data_ptr<float>();
  const float* times = time.data_ptr<float>();
  const float* targets = target.data_ptr<float>();
  const Tensor mask = rollouts.counted.defined() ? rollouts.counted.cpu().contiguous() : Tensor();
  const bool* counted = mask.defined() ? mask.data_ptr<bool>() : nullptr;
  parallel_for(tasks, [&](int64_t task) {
    const int64_t width = padded(n);
    std::vector<double> upper(static_cast<size_t>(n * width)), b(static_cast<size_t>(n));
    std::vector<double> phi(static_cast<size_t>(at_once * width)), y(at_once);
    const int64_t end = (task + 1) * rows;
    for (int64_t row = task * rows; row < end;) {
      for (int64_t r = 0; r < at_once; ++r) {
        double* line = phi.data() + r * width;
        while (counted != nullptr && row < end && !counted[row]) ++row;
        if (row < end) {
          features(observations + row * o, o, times[row], line);
          y[r] = targets[row++];
        } else {
          std::fill(line, line + width, 0.0);
          y[r] = 0.0;
        }
      }
      add_rows(phi.data(), y.data(), n, width, upper.data(), b.data());
    }
    std::vector<double> a(static_cast<size_t>(n * n));
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j <= i; ++j) a[i * n + j] = upper[j * width + i];
    for (const double value : b)
      if (!std::isfinite(value))
        throw NonFiniteError(fmt::format(
            "NaN or infinity in the observations or returns of task {} given to the baseline",
            task));
    double ridge = regularisation;
    for (int attempt = 0; attempt <= 5; ++attempt, ridge *= 10.0)
      if (solve(a, ridge, b, weights.data_ptr<double>() + task * n)) return;
    throw NonFiniteError(fmt::format("the baseline of task {} has no solution", task));
  });
  return weights;
}

Tensor baseline_values_kernels(const Tensor& fitted_weights, const Tensor& observation,
                               const Tensor& time) {
  Tensor values = torch::zeros(time.sizes(), torch::kFloat32);
  const int64_t tasks = time.size(0), rows = time[0].numel(), o = observation.size(-1);
  const Tensor from = observation.to(torch::kCPU, torch::kFloat32).contiguous();
  const Tensor at = time.to(torch::kCPU, torch::kFloat32).contiguous();
  const Tensor fitted = fitted_weights.to(torch::kCPU).contiguous();
  const float* observations = from.data_ptr<float>();
  const float* times = at.data_ptr<float>();
  float* to = values.data_ptr<float>();
  parallel_for(tasks, [&](int64_t task) {
    const int64_t n = 2 * o + 4;
    const double* w = fitted.data_ptr<double>() + task * n;
    const int64_t width = padded(n);
    std::vector<double> phi(static_cast<size_t>(width)), weights(static_cast<size_t>(width));
    std::copy(w, w + n, weights.begin());
    for (int64_t row = task * rows; row < (task + 1) * rows; ++row) {
      features(observations + row * o, o, times[row], phi.data());
      std::array<double, lanes> sums{};
      for (int64_t i = 0; i < width; i += lanes)
        for (int64_t lane = 0; lane < lanes; ++lane)
          sums[lane] += weights[i + lane] * phi[i + lane];
      double sum = 0.0;
      for (const double part : sums) sum += part;
      to[row] = static_cast<float>(sum);
    }
  });
  return values;
}

}  // namespace reverie
