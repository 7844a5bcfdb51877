#include <reverie/policies/squashed_gaussian.h>

#include <reverie/core/elementary.h>

#include <cmath>
#include <limits>
#include <numbers>

namespace reverie {
namespace {

const auto kLogTwo = std::numbers::ln2_v<float>;
const float kLogRootTwoPi = 0.5f * std::log(2 * std::numbers::pi_v<float>);

/// NaN stays NaN.
float limited(float log_std) {
  const float below =
      log_std > SquashedGaussianHead::kHighest ? SquashedGaussianHead::kHighest : log_std;
  return below < SquashedGaussianHead::kLowest ? SquashedGaussianHead::kLowest : below;
}

/// log(1 - tanh(x)^2) = 2 (log 2 - |x| - log(1 + exp(-2 |x|))).
float log_slope(float x) {
  const float size = std::abs(x);
  return 2 * (kLogTwo - size - fast_log(1 + fast_exp(-2 * size)));
}
Tensor log_slope(const Tensor& x) {
  return 2 * (std::numbers::ln2 - x - torch::softplus(-2 * x));
}

/// 1 - tanh(x)^2, exact where tanh saturates.
float slope(float x) {
  const float e = fast_exp(-2 * std::abs(x));
  return 4 * e / ((1 + e) * (1 + e));
}

struct Spread {
  Tensor mean, log_std;
};
Spread spread_of(const Tensor& output) {
  const auto parts = output.chunk(2, -1);
  return {parts[0], parts[1].clamp(SquashedGaussianHead::kLowest, SquashedGaussianHead::kHighest)};
}

Tensor log_density_of(const Tensor& noise, const Tensor& log_std, const Tensor& x) {
  return (-0.5 * noise.square() - log_std - 0.5 * std::log(2 * std::numbers::pi) - log_slope(x))
      .sum(-1);
}

}  // namespace

void SquashedGaussianHead::act(const float* output, int64_t rows, const float* noise, float* action,
                               float* log_density) const {
  const int64_t a = action_size();
  for (int64_t row = 0; row < rows; ++row, output += 2 * a, action += a) {
    float sum = 0;
    for (int64_t j = 0; j < a; ++j) {
      const float drawn = noise == nullptr ? 0 : noise[row * a + j];
      const float log_std = limited(output[a + j]);
      const float x = output[j] + fast_exp(log_std) * drawn;
      action[j] = middle_[j] + half_[j] * fast_tanh(x);
      if (log_density != nullptr)
        sum += -0.5f * drawn * drawn - log_std - kLogRootTwoPi - log_slope(x);
    }
    if (log_density != nullptr) log_density[row] = sum;
  }
}

// With x = m + exp(l) e, the noise e given: du/dx = 1 - u^2, and d(log density)/dx = 2 u,
// d(log density)/dl = 2 u exp(l) e - 1.
void SquashedGaussianHead::backward(const float* output, int64_t rows, const float* noise,
                                    const float* action_gradient, float log_density_gradient,
                                    float* output_gradient) const {
  const int64_t a = action_size();
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t at = row * a;
    for (int64_t j = 0; j < a; ++j) {
      const float drawn = noise == nullptr ? 0 : noise[at + j];
      const float log_std = output[2 * at + a + j];
      const float shift = fast_exp(limited(log_std)) * drawn, x = output[2 * at + j] + shift;
      const float by_x =
          action_gradient[at + j] * half_[j] * slope(x) + log_density_gradient * 2 * fast_tanh(x);
      output_gradient[2 * at + j] = by_x;
      output_gradient[2 * at + a + j] =
          log_std < kLowest || log_std > kHighest ? 0 : by_x * shift - log_density_gradient;
    }
  }
}

Draw SquashedGaussianHead::act(const Tensor& output, const Tensor& noise) const {
  const auto [mean, log_std] = spread_of(output);
  if (!noise.defined()) return {scaled(torch::tanh(mean)), {}};
  const Tensor drawn = noise.to(mean.options());
  const Tensor x = mean + torch::exp(log_std) * drawn;
  return {scaled(torch::tanh(x)), log_density_of(drawn, log_std, x)};
}

Tensor SquashedGaussianHead::log_density(const Tensor& output, const Tensor& action) const {
  const auto [mean, log_std] = spread_of(output);
  const double most = action.scalar_type() == torch::kFloat64
                          ? 1 - std::numeric_limits<double>::epsilon()
                          : 1 - std::numeric_limits<float>::epsilon();
  const Tensor x = torch::atanh(unscaled(action).clamp(-most, most));
  return log_density_of((x - mean) * torch::exp(-log_std), log_std, x);
}

SquashedGaussianPolicy::SquashedGaussianPolicy(const TaskSpec& spec,
                                               const PolicyNetworkConfig& config,
                                               RandomStream& random)
    : NetworkPolicy(PolicyNetwork(spec.observation_size, 2 * spec.action_size(), config, random)),
      head_(spec) {}

Draw SquashedGaussianPolicy::draw(const Tensor& parameters, const Tensor& observation,
                                  const Tensor& noise) const {
  Draw drawn = head_.act(network_.forward(parameters, observation), noise);
  drawn.log_density = drawn.log_density - head_.log_volume();
  return drawn;
}

Tensor SquashedGaussianPolicy::log_prob(const Tensor& parameters, const Tensor& observation,
                                        const Tensor& action) const {
  return head_.log_density(network_.forward(parameters, observation), action) - head_.log_volume();
}

std::string SquashedGaussianPolicy::torchscript(const TaskSpec& task) const {
  return squashed_torchscript(
      network_, task, "torch.tanh(y.chunk(2, -1)[0])",
      "torch.tanh(y.chunk(2, -1)[0] + torch.exp(y.chunk(2, -1)[1].clamp(-20.0, 2.0)) * "
      "torch.randn_like(y.chunk(2, -1)[0]))");
}

}  // namespace reverie
