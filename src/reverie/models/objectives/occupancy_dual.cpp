#include <reverie/models/objectives/occupancy_dual.h>

#include <reverie/core/archive.h>
#include <reverie/models/objectives/row_blocks.h>
#include <reverie/nn/adam_torch.h>
#include <reverie/policies/policy.h>

#include <cmath>

namespace reverie {
namespace {

MlpShape q_shape(int64_t inputs, const std::vector<int64_t>& hidden) {
  MlpShape shape{{inputs}, Activation::relu};
  shape.sizes.insert(shape.sizes.end(), hidden.begin(), hidden.end());
  shape.sizes.push_back(1);
  return shape;
}

/// Drawn actions at states [n, o]: [n, a].
Tensor drawn_actions(const Policy& policy, const Tensor& state, RandomStream& random) {
  const Tensor noise = random.normal({state.size(0), policy.action_size()}, state.device());
  return policy.act(policy.parameters(), state, noise);
}

/// The layers of `network`, each tensor a leaf of its own: differentiating slices of one vector
/// would fill a vector for each.
struct Leaves {
  explicit Leaves(const Ensemble& network) : layers(network.layers(network.parameters())) {
    for (Ensemble::Layer& layer : layers)
      for (Tensor* tensor : {&layer.weight, &layer.bias}) {
        *tensor = tensor->detach().requires_grad_();
        all.push_back(*tensor);
      }
  }
  /// The gradient by the vector of parameters: [1, p].
  Tensor gradient(const Tensor& value) const {
    std::vector<Tensor> parts;
    for (const Tensor& part : torch::autograd::grad({value}, all)) parts.push_back(part.flatten());
    return torch::cat(parts).unsqueeze(0);
  }
  std::vector<Ensemble::Layer> layers;
  std::vector<Tensor> all;
};

}  // namespace

std::vector<std::string> setting_names(Divergence) {
  return {"chi_square", "kl"};
}

void DualConfig::describe(Settings& settings) {
  settings.add(
      "divergence", divergence,
      "of the policy's occupancy from the buffer's, for which the weights are the optimum");
  settings.add("q_hidden", hidden, "units of each hidden relu layer of the dual's Q", at_least(1));
  settings.add("q_learning_rate", learning_rate, "its Adam's step size", at_least(0));
  settings.add("q_weight_decay", weight_decay, "factor of its squared weights in the loss, halved",
               at_least(0));
  settings.add("q_steps", steps, "its minibatches at each fit", between(1, 1e7));
  settings.add(
      "clamp", clamp,
      "with divergence = chi_square: whether the dual's loss is flat where the weight is 0, "
      "rather than the published parabola");
}

OccupancyDual::OccupancyDual(int64_t observation_size, int64_t action_size,
                             const DualConfig& config, double discount, RandomStream random,
                             torch::Device device)
    : config_(config),
      discount_(discount),
      random_(std::move(random)),
      network_(1, q_shape(observation_size + action_size, config.hidden), random_) {
  network_.to(device);
}

Tensor OccupancyDual::loss(const Tensor& initial_values, const Tensor& residuals) const {
  const Tensor start = (1 - discount_) * initial_values.mean();
  if (config_.divergence == Divergence::kl)
    return start + residuals.logsumexp(0) - std::log(static_cast<double>(residuals.size(0)));
  const Tensor e = config_.clamp ? residuals.clamp_min(-1) : residuals;
  return start + (0.5 * e.square() + e).mean();
}

double OccupancyDual::train(const Transitions& data, const Tensor& rows, const Tensor& reward,
                            const Tensor& initial, const Policy& policy, int64_t batch) {
  const torch::NoGradGuard no_grad;
  const torch::Device device = data.observation.device();
  const Tensor now = torch::cat({data.observation, data.action}, 1);
  const Tensor discounts = discount_ * data.terminated.logical_not().to(torch::kFloat32);
  const int64_t starts = std::min(batch, initial.size(0));
  const auto some_initial = [&] {
    if (initial.size(0) <= batch) return initial;
    return initial.index_select(0, random_.below(initial.size(0), {batch}, device));
  };
  auto parameters = network_.rows({0});
  kernels::AdamRates rates;
  rates.learning_rate = static_cast<float>(config_.learning_rate);
  const Tensor factors = adam_factors(network_.steps({0}), config_.steps, rates).to(device);
  const int64_t last = std::max<int64_t>(1, config_.steps / 10);
  Tensor sum = torch::zeros({}, data.observation.options());
  for (int64_t step = 0; step < config_.steps; ++step) {
    const Tensor index = rows.index_select(0, random_.below(rows.size(0), {batch}, device));
    const Tensor states =
        torch::cat({data.next_observation.index_select(0, index), some_initial()});
    const Tensor drawn = torch::cat({states, drawn_actions(policy, states, random_)}, 1);
    const Tensor x = torch::cat({now.index_select(0, index), drawn}).unsqueeze(0);
    const torch::AutoGradMode differentiates(true);
    const Leaves leaves(network_);
    const auto q =
        network_.forward(leaves.layers, x).flatten().split_with_sizes({batch, batch, starts});
    const Tensor e = reward.index_select(0, index) + discounts.index_select(0, index) * q[1] - q[0];
    const Tensor value = loss(q[2], e);
    Tensor gradient = leaves.gradient(value);
    const torch::NoGradGuard stepping;
    gradient += config_.weight_decay * parameters.parameters;
    parameters.step(gradient, factors[step], rates);
    if (step >= config_.steps - last) sum += value.detach();
  }
  network_.put_back({0}, parameters, config_.steps);
  require_finite(network_.parameters(), "the weights of the transition occupancy's dual");
  return sum.item<double>() / static_cast<double>(last);
}

Tensor OccupancyDual::residuals(const Transitions& data, const Tensor& reward,
                                const Policy& policy) {
  const torch::NoGradGuard no_grad;
  const auto layers = network_.layers(network_.parameters());
  const auto q = [&](const Tensor& state, const Tensor& action) {
    return network_.forward(layers, torch::cat({state, action}, 1).unsqueeze(0)).flatten();
  };
  return by_row_blocks(data.size(), [&](int64_t first, int64_t count) {
    const auto part = [&](const Tensor& field) { return field.narrow(0, first, count); };
    const Tensor next = part(data.next_observation);
    const Tensor goes_on = part(data.terminated).logical_not().to(torch::kFloat32);
    return part(reward) + discount_ * goes_on * q(next, drawn_actions(policy, next, random_)) -
           q(part(data.observation), part(data.action));
  });
}

Tensor OccupancyDual::weights(const Tensor& residuals, double most) const {
  if (config_.divergence == Divergence::kl) return residuals.clamp_max(std::log(most)).exp();
  return (residuals + 1).clamp(0, most);
}

Tensor OccupancyDual::relative_weights(const Tensor& residuals) const {
  if (config_.divergence == Divergence::kl) return (residuals - residuals.max()).exp();
  return (residuals + 1).clamp_min(0);
}

void OccupancyDual::serialize(Archive& archive) {
  archive("random", random_);
  archive("network", network_);
}

}  // namespace reverie
