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

/// Rows of a minibatch that one thread takes at a time.
constexpr int64_t kTrainedRows = 128;

/// The policy's actions [n, a] at states [n, o].
Tensor actions(const Policy& policy, const Tensor& state, const Tensor& noise, int64_t block) {
  return by_row_blocks(state.size(0), block, state.device(), [&](int64_t first, int64_t count) {
    return policy.act(policy.parameters(), state.narrow(0, first, count),
                      noise.narrow(0, first, count));
  });
}

/// The network's values of one minibatch, kept for their gradient.
class Pass {
 public:
  Pass(const Ensemble& network, const Tensor& x)
      : rows_(x.size(0)), device_(x.device()), blocks_((rows_ + kTrainedRows - 1) / kTrainedRows) {
    for_row_blocks(rows_, kTrainedRows, device_, [&](int64_t i, int64_t first, int64_t count) {
      const torch::AutoGradMode differentiates(true);
      Block& block = blocks_[static_cast<size_t>(i)];
      // Each tensor a leaf of its own: differentiating slices of one vector would fill a vector
      // for each.
      auto layers = network.layers(network.parameters());
      for (Ensemble::Layer& layer : layers)
        for (Tensor* tensor : {&layer.weight, &layer.bias})
          block.leaves.push_back(*tensor = tensor->detach().requires_grad_());
      block.values = network.forward(layers, x.narrow(0, first, count).unsqueeze(0)).flatten();
    });
  }
  Tensor values() const {  // [n]
    std::vector<Tensor> parts;
    for (const Block& block : blocks_) parts.push_back(block.values.detach());
    return torch::cat(parts);
  }
  /// The gradient by the network's parameters [1, p], given that by the values [n].
  Tensor gradient(const Tensor& by_values) {
    std::vector<Tensor> gradients(blocks_.size());
    for_row_blocks(rows_, kTrainedRows, device_, [&](int64_t i, int64_t first, int64_t count) {
      const Block& block = blocks_[static_cast<size_t>(i)];
      std::vector<Tensor> parts;
      for (const Tensor& part :
           torch::autograd::grad({block.values}, block.leaves, {by_values.narrow(0, first, count)}))
        parts.push_back(part.flatten());
      gradients[static_cast<size_t>(i)] = torch::cat(parts);
    });
    return in_order(gradients).unsqueeze(0);
  }

 private:
  struct Block {
    std::vector<Tensor> leaves;
    Tensor values;
  };
  int64_t rows_;
  torch::Device device_;
  std::vector<Block> blocks_;
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

/// E[f*(e)], or log E[exp(e)], and its gradient by e [n].
std::pair<Tensor, Tensor> OccupancyDual::conjugate(const Tensor& residuals) const {
  const auto rows = static_cast<double>(residuals.size(0));
  if (config_.divergence == Divergence::kl)
    return {residuals.logsumexp(0) - std::log(rows), residuals.softmax(0)};
  const Tensor e = config_.clamp ? residuals.clamp_min(-1) : residuals;
  return {(0.5 * e.square() + e).mean(), (e + 1) / rows};
}

double OccupancyDual::train(const Transitions& data, const Tensor& rows, const Tensor& reward,
                            const Tensor& initial, const Policy& policy, int64_t batch) {
  const torch::NoGradGuard no_grad;
  const torch::Device device = data.observation.device();
  const Tensor now = torch::cat({data.observation, data.action}, 1);
  const Tensor discounts = discount_ * data.terminated.logical_not().to(torch::kFloat32);
  const auto draw = [&](int64_t count) { return random_.below(count, {batch}, device); };
  auto parameters = network_.rows({0});
  kernels::AdamRates rates;
  rates.learning_rate = static_cast<float>(config_.learning_rate);
  const Tensor factors = adam_factors(network_.steps({0}), config_.steps, rates).to(device);
  const int64_t last = std::max<int64_t>(1, config_.steps / 10);
  Tensor sum = torch::zeros({}, data.observation.options());
  for (int64_t step = 0; step < config_.steps; ++step) {
    const Tensor index = rows.index_select(0, draw(rows.size(0)));
    const auto pick = [&](const Tensor& field) { return field.index_select(0, index); };
    const bool all = initial.size(0) <= batch;
    const Tensor starts = all ? initial : initial.index_select(0, draw(initial.size(0)));
    const Tensor states = torch::cat({pick(data.next_observation), starts});
    const Tensor noise = random_.normal({states.size(0), policy.action_size()}, device);
    const Tensor drawn = actions(policy, states, noise, kTrainedRows);
    // Values of what happened, then of what the policy would do next, then of what it does first.
    Pass pass(network_, torch::cat({pick(now), torch::cat({states, drawn}, 1)}));
    const auto q = pass.values().split_with_sizes({batch, batch, starts.size(0)});
    const Tensor discount = pick(discounts);
    const auto [value, by_e] = conjugate(pick(reward) + discount * q[1] - q[0]);
    const Tensor by_first =
        torch::full_like(q[2], (1 - discount_) / static_cast<double>(starts.size(0)));
    const Tensor gradient = pass.gradient(torch::cat({-by_e, discount * by_e, by_first})) +
                            config_.weight_decay * parameters.parameters;
    parameters.step(gradient, factors[step], rates);
    if (step >= config_.steps - last) sum += value + (1 - discount_) * q[2].mean();
  }
  network_.put_back({0}, parameters, config_.steps);
  require_finite(network_.parameters(), "the weights of the transition occupancy's dual");
  return sum.item<double>() / static_cast<double>(last);
}

Tensor OccupancyDual::residuals(const Transitions& data, const Tensor& reward,
                                const Policy& policy) {
  const torch::NoGradGuard no_grad;
  const torch::Device device = data.observation.device();
  const auto layers = network_.layers(network_.parameters());
  const auto q = [&](const Tensor& state, const Tensor& action) {
    return by_row_blocks(data.size(), kEvaluatedRows, device, [&](int64_t first, int64_t count) {
      const Tensor x =
          torch::cat({state.narrow(0, first, count), action.narrow(0, first, count)}, 1);
      return network_.forward(layers, x.unsqueeze(0)).flatten();
    });
  };
  const Tensor noise = random_.normal({data.size(), policy.action_size()}, device);
  const Tensor drawn = actions(policy, data.next_observation, noise, kEvaluatedRows);
  const Tensor discounts = discount_ * data.terminated.logical_not().to(torch::kFloat32);
  return reward + discounts * q(data.next_observation, drawn) - q(data.observation, data.action);
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
