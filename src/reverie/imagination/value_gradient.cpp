#include <reverie/imagination/value_gradient.h>

#include <reverie/core/workers.h>

#include <algorithm>
#include <cmath>

namespace reverie {
namespace {

/// Stretches of a block, which one thread walks.
constexpr int64_t kBlockRows = 32;

/// A block of stretches.
class Block {
 public:
  Block(const Task& task, const DynamicsModel& model, const StateValue& value,
        const GaussianPolicy& policy, const ValueGradientOptions& options)
      : task_(task), model_(model), value_(value), policy_(policy), options_(options) {}

  ValueGradient run(const Tensor& before, const Stretches& real, const Tensor& acted) const {
    const torch::AutoGradMode differentiates(true);
    const Tensor theta = policy_.parameters().detach().clone().requires_grad_();
    const auto count = static_cast<double>(real.count());
    Tensor state = real.observation[0];
    Tensor log_weight = torch::zeros({real.count()}, state.options());
    Tensor objective = torch::zeros({}, state.options());
    ValueGradient result;
    for (int64_t t = 0; t < real.steps(); ++t) {
      const Gaussian said = policy_.distribution(theta, state);
      const Tensor stored = real.action[t];
      log_weight = log_weight + (said.log_prob(stored) - acted[t]).detach();
      const Tensor weight = clipped(log_weight);
      const Tensor action = through(said, stored);
      const auto [next, told] = successor(state, action, real.next_observation[t]);
      const Tensor reward = told.defined() ? told : task_.reward(state, action, next);
      const Tensor beyond = options_.discount * real.goes_on[t] * value_(next);
      const Tensor paid = (weight * real.inside[t] * (reward + beyond)).sum();
      objective = objective + std::pow(options_.discount, static_cast<double>(t)) * paid;
      result.weight +=
          (weight * real.inside[t]).sum().item<double>() / real.inside.sum().item<double>();
      // What only fills up has come from another state.
      state = torch::where(real.inside[t].unsqueeze(1) > 0, next, state);
    }
    const Tensor kl = kl_divergence(policy_.distribution(theta, real.observation[0]),
                                    policy_.distribution(before, real.observation[0]))
                          .sum();
    result.value = objective.item<double>() / count;
    result.kl = kl.item<double>() / count;
    const Tensor total = objective / options_.scale - options_.kl_penalty * kl;
    result.gradient = torch::autograd::grad({total / count}, {theta})[0];
    return result;
  }

 private:
  Tensor clipped(const Tensor& log_weight) const {
    if (options_.weight_clip == 0) return torch::ones_like(log_weight);
    return log_weight.clamp_max(std::log(options_.weight_clip)).exp();
  }

  /// The stored action as a function of the policy, its noise being what it must have been.
  static Tensor through(const Gaussian& said, const Tensor& stored) {
    const Tensor std = torch::exp(said.log_std);
    const Tensor noise = ((stored - said.mean) / std).detach();
    return said.mean + std * noise;
  }

  /// The stored successor as a function of state and action, likewise; and the reward, where the
  /// model tells it.
  std::pair<Tensor, Tensor> successor(const Tensor& state, const Tensor& action,
                                      const Tensor& stored) const {
    const auto predicted = model_.predict(state, action);
    const Tensor mean = predicted.observation.mean(0);
    return {mean + (stored - mean).detach(),
            predicted.reward.defined() ? predicted.reward.mean(0) : Tensor()};
  }

  const Task& task_;
  const DynamicsModel& model_;
  const StateValue& value_;
  const GaussianPolicy& policy_;
  const ValueGradientOptions& options_;
};

}  // namespace

ValueGradient value_gradient(const Task& task, const DynamicsModel& model, const StateValue& value,
                             const GaussianPolicy& policy, const Tensor& before,
                             const Stretches& real, const Tensor& acted,
                             const ValueGradientOptions& options) {
  const int64_t rows = real.count(), blocks = (rows + kBlockRows - 1) / kBlockRows;
  std::vector<ValueGradient> parts(static_cast<size_t>(blocks));
  parallel_for(blocks, [&](int64_t block) {
    const int64_t first = block * kBlockRows, count = std::min(kBlockRows, rows - first);
    parts[static_cast<size_t>(block)] =
        Block(task, model, value, policy, options)
            .run(before, real.narrow(first, count), acted.narrow(1, first, count));
  });
  ValueGradient all;
  all.gradient = torch::zeros_like(policy.parameters());
  for (int64_t block = 0; block < blocks; ++block) {
    const ValueGradient& part = parts[static_cast<size_t>(block)];
    const double share = static_cast<double>(std::min(kBlockRows, rows - block * kBlockRows)) /
                         static_cast<double>(rows);
    all.value += share * part.value;
    all.kl += share * part.kl;
    all.weight += share * part.weight;
    all.gradient += share * part.gradient;
  }
  require_finite(all.gradient, "the stochastic value gradient");
  return all;
}

}  // namespace reverie
