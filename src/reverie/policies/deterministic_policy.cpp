#include <reverie/policies/deterministic_policy.h>

#include <reverie/core/elementary.h>

#include <fmt/core.h>

#include <limits>
#include <stdexcept>

namespace reverie {
namespace {

/// NaN stays NaN.
float limited(float x, float limit) {
  const float below = x > limit ? limit : x;
  return below < -limit ? -limit : below;
}

}  // namespace

DeterministicHead::DeterministicHead(const TaskSpec& spec, double deviation, double limit)
    : ActionHead(spec),
      deviation_(static_cast<float>(deviation)),
      limit_(static_cast<float>(limit)) {}

void DeterministicHead::act(const float* output, int64_t rows, const float* noise, float* action,
                            float* log_density) const {
  if (log_density != nullptr) throw std::logic_error("a deterministic policy has no density");
  const int64_t a = action_size();
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t j = 0; j < a; ++j) {
      float u = fast_tanh(output[row * a + j]);
      if (noise != nullptr) u = limited(u + limited(deviation_ * noise[row * a + j], limit_), 1);
      action[row * a + j] = middle_[j] + half_[j] * u;
    }
}

void DeterministicHead::backward(const float* output, int64_t rows, const float* noise,
                                 const float* action_gradient, float,
                                 float* output_gradient) const {
  if (noise != nullptr) throw std::logic_error("a deterministic policy is trained without noise");
  const int64_t a = action_size();
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t j = 0; j < a; ++j) {
      const float u = fast_tanh(output[row * a + j]);
      output_gradient[row * a + j] = action_gradient[row * a + j] * half_[j] * (1 - u * u);
    }
}

Draw DeterministicHead::act(const Tensor& output, const Tensor& noise) const {
  Tensor u = torch::tanh(output);
  if (noise.defined()) {
    const Tensor added = (deviation_ * noise.to(u.options())).clamp(-limit_, limit_);
    u = (u + added).clamp(-1, 1);
  }
  return {scaled(u), {}};
}

DeterministicPolicy::DeterministicPolicy(const TaskSpec& spec, const PolicyNetworkConfig& config,
                                         double exploration, RandomStream& random)
    : NetworkPolicy(PolicyNetwork(spec.observation_size, spec.action_size(), config, random)),
      exploration_(exploration),
      head_(spec, exploration, std::numeric_limits<double>::infinity()) {}

std::string DeterministicPolicy::torchscript(const TaskSpec& task) const {
  return squashed_torchscript(
      network_, task, "torch.tanh(y)",
      fmt::format("(torch.tanh(y) + {} * torch.randn_like(y)).clamp(-1.0, 1.0)", exploration_));
}

}  // namespace reverie
