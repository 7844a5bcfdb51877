#include <reverie/values/policy_evaluation.h>

#include <reverie/core/archive.h>
#include <reverie/core/error.h>

namespace reverie {

void EvaluationConfig::describe(Settings& settings) {
  settings.add("hidden", hidden, "units of each hidden tanh layer", at_least(1));
  settings.add("learning_rate", learning_rate, "Adam's step size", at_least(0));
  settings.add("epochs", epochs, "passes over the replayed transitions at each fit",
               between(1, 1e4));
  settings.add("batch", batch, "rows of a minibatch", between(1, 1e6));
  settings.add("window", window, "newest real transitions that the value is fitted to",
               between(1, 1e12));
  settings.add("target_rate", target_rate,
               "how far the network that the targets are taken from moves towards the one that is "
               "fitted, after each minibatch",
               between(0, 1));
}

PolicyEvaluation::PolicyEvaluation(int64_t observation_size, const EvaluationConfig& config,
                                   double discount, RandomStream random, torch::Device device)
    : config_(config),
      discount_(discount),
      random_(random),
      network_(1, value_shape(observation_size, config.hidden), random_),
      inputs_(observation_size) {
  if (discount >= 1)
    throw UsageError("discount = 1: a value learned from its own successors needs one below 1");
  network_.to(device);
  inputs_.to(device);
  slow_ = network_.parameters().clone();
}

double PolicyEvaluation::fit(const Transitions& data, const Tensor& weight) {
  const torch::NoGradGuard no_grad;
  inputs_.fit(data.observation);
  if (!fitted_) {
    const double horizon = 1 / (1 - discount_);
    scale_ = std::max(data.reward.std(/*unbiased=*/false).item<double>(), 1e-6) * horizon;
    offset_ = data.reward.mean().item<double>() * horizon;
    fitted_ = true;
  }
  // All in the network's units: those of its scale, from its offset.
  const Tensor from = inputs_.normalise(data.observation);
  const Tensor to = inputs_.normalise(data.next_observation);
  const Tensor goes_on = discount_ * data.terminated.logical_not().to(torch::kFloat32);
  const Tensor paid = (data.reward + (goes_on - 1) * offset_) / scale_;
  const int64_t rows = data.size(), batch = std::min(config_.batch, rows);
  double error = 0;
  for (int64_t epoch = 0; epoch < config_.epochs; ++epoch) {
    const Tensor order = random_.permutation(rows).to(from.device());
    Tensor sum = torch::zeros({}, from.options());
    int64_t batches = 0;
    for (int64_t begin = 0; begin + batch <= rows; begin += batch, ++batches) {
      const Tensor index = order.narrow(0, begin, batch);
      const auto pick = [&](const Tensor& field) { return field.index_select(0, index); };
      const Tensor target = pick(paid) + pick(goes_on) * in_units(network_.layers(slow_), pick(to));
      const torch::AutoGradMode differentiates(true);
      const Tensor parameters = network_.parameters().detach().clone().requires_grad_();
      const Tensor said = in_units(network_.layers(parameters), pick(from));
      const Tensor loss = (pick(weight) * (said - target).square()).mean();
      const Tensor gradient = torch::autograd::grad({loss}, {parameters})[0];
      const torch::NoGradGuard done;
      network_.step({0}, gradient, config_.learning_rate);
      slow_.lerp_(network_.parameters(), config_.target_rate);
      sum += loss.detach();
    }
    error = sum.item<double>() / static_cast<double>(batches);
  }
  require_finite(network_.parameters(), "the weights of the policy's value");
  return error;
}

// The network's output [n] for states [n, o] that are normalised.
Tensor PolicyEvaluation::in_units(const std::vector<Ensemble::Layer>& layers,
                                  const Tensor& normalised) const {
  return network_.forward(layers, normalised.unsqueeze(0)).flatten();
}

Tensor PolicyEvaluation::value(const Tensor& observation) const {
  if (!fitted_) return torch::zeros({observation.size(0)}, observation.options());
  const auto layers = network_.layers(network_.parameters());
  return scale_ * in_units(layers, inputs_.normalise(observation)) + offset_;
}

void PolicyEvaluation::serialize(Archive& archive) {
  archive("random", random_);
  archive("network", network_);
  archive("slow", slow_);
  archive("inputs", inputs_);
  archive("fitted", fitted_);
  archive("scale", scale_);
  archive("offset", offset_);
}

}  // namespace reverie
