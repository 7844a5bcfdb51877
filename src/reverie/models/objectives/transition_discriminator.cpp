#include <reverie/models/objectives/transition_discriminator.h>

#include <reverie/core/archive.h>
#include <reverie/models/objectives/row_blocks.h>

#include <cmath>

namespace reverie {
namespace {

Tensor joined(const Transitions& data) {
  return torch::cat({data.observation, data.action, data.next_observation}, 1);
}

}  // namespace

void DiscriminatorConfig::describe(Settings& settings) {
  settings.add(
      "discriminator_hidden", hidden,
      "units of the discriminator's second tanh layer; the first has half as many for each "
      "of state, action and next state",
      between(2, 1e5));
  settings.add("discriminator_learning_rate", learning_rate, "its Adam's step size", at_least(0));
  settings.add("discriminator_passes", passes,
               "its passes over the policy's newest transitions at each fit", between(1, 1e6));
  settings.add("penalty", penalty, "factor of the discriminator's gradient penalty", at_least(0));
  settings.add("buffer_label", buffer_label,
               "what the discriminator is to say of a transition of the buffer (1: the policy's)",
               between(0, 0.999));
}

TransitionDiscriminator::TransitionDiscriminator(int64_t observation_size, int64_t action_size,
                                                 const DiscriminatorConfig& config,
                                                 RandomStream random, torch::Device device)
    : observation_size_(observation_size),
      action_size_(action_size),
      config_(config),
      random_(std::move(random)),
      device_(device),
      adam_(config.learning_rate) {
  begin_again();
}

std::vector<std::pair<int64_t, int64_t>> TransitionDiscriminator::shapes() const {
  const int64_t half = config_.hidden / 2;
  return {{observation_size_, half},
          {action_size_, half},
          {observation_size_, half},
          {3 * half, config_.hidden},
          {config_.hidden, 1}};
}

void TransitionDiscriminator::begin_again() {
  std::vector<Tensor> blocks;
  for (const auto& [in, out] : shapes()) {  // Xavier-uniform
    const double bound = std::sqrt(6.0 / static_cast<double>(in + out));
    blocks.push_back(random_.uniform({in * out}, -bound, bound));
    blocks.push_back(torch::zeros({out}));
  }
  parameters_ = torch::cat(blocks).to(device_);
  adam_ = VectorAdam(config_.learning_rate);
}

std::vector<TransitionDiscriminator::Layer> TransitionDiscriminator::layers() const {
  std::vector<Layer> result;
  int64_t at = 0;
  for (const auto& [in, out] : shapes()) {
    result.push_back({parameters_.narrow(0, at, in * out).view({in, out}),
                      parameters_.narrow(0, at + in * out, out)});
    at += (in + 1) * out;
  }
  return result;
}

/// The first layer's units [n, 3 half].
Tensor TransitionDiscriminator::first(const std::vector<Layer>& layers, const Tensor& x) const {
  const std::vector<Tensor> parts =
      x.split_with_sizes({observation_size_, action_size_, observation_size_}, 1);
  std::vector<Tensor> trunks;
  for (size_t i = 0; i < parts.size(); ++i)
    trunks.push_back(torch::addmm(layers[i].bias, parts[i], layers[i].weight));
  return torch::cat(trunks, 1).tanh();
}

Tensor TransitionDiscriminator::forward(const std::vector<Layer>& layers, const Tensor& x) const {
  const Tensor second = torch::addmm(layers[3].bias, first(layers, x), layers[3].weight).tanh();
  return torch::addmm(layers[4].bias, second, layers[4].weight).squeeze(1);
}

// The chain rule written out, so that the penalty is differentiated once, not twice.
Tensor TransitionDiscriminator::slopes(const std::vector<Layer>& layers, const Tensor& x) const {
  const Tensor one = first(layers, x);
  const Tensor two = torch::addmm(layers[3].bias, one, layers[3].weight).tanh();
  const Tensor by_second = (1 - two.square()) * layers[4].weight.t();
  const Tensor by_first = by_second.matmul(layers[3].weight.t()) * (1 - one.square());
  const auto parts = by_first.chunk(3, 1);
  Tensor square = torch::zeros({x.size(0)}, x.options());
  for (size_t i = 0; i < parts.size(); ++i)
    square = square + parts[i].matmul(layers[i].weight.t()).square().sum(1);
  return (square + 1e-12).sqrt();  // whose derivative at 0 is finite
}

/// The loss on equally many rows [n, 2 o + a] of the policy and of the buffer, and their mixtures.
Tensor TransitionDiscriminator::loss(const std::vector<Layer>& layers, const Tensor& own,
                                     const Tensor& other, const Tensor& mixed) const {
  const int64_t n = own.size(0);
  const Tensor logits = forward(layers, torch::cat({own, other}));
  const Tensor mine = logits.narrow(0, 0, n), theirs = logits.narrow(0, n, n);
  // Cross-entropy with label y: softplus(d) - y d.
  Tensor sum = (torch::softplus(mine) - mine).mean() +
               (torch::softplus(theirs) - config_.buffer_label * theirs).mean();
  if (config_.penalty > 0)
    sum = sum + config_.penalty * (slopes(layers, mixed) - 1).square().mean();
  return sum;
}

double TransitionDiscriminator::train(const Transitions& data, int64_t own, int64_t batch) {
  const torch::NoGradGuard no_grad;
  const Tensor x = joined(data);
  const Tensor newest = x.narrow(0, x.size(0) - own, own);
  double mean = 0;
  for (int64_t pass = 0; pass < config_.passes; ++pass) {
    const Tensor order = random_.permutation(own).to(x.device());
    Tensor sum = torch::zeros({}, x.options());
    for (int64_t begin = 0; begin < own; begin += batch) {
      const int64_t n = std::min(batch, own - begin);
      const Tensor mine = newest.index_select(0, order.narrow(0, begin, n));
      const Tensor theirs = x.index_select(0, random_.below(x.size(0), {n}, x.device()));
      const Tensor part = random_.uniform({n, 1}, 0, 1).to(x.device());
      sum += step(mine, theirs, part * mine + (1 - part) * theirs) * static_cast<double>(n);
    }
    mean = sum.item<double>() / static_cast<double>(own);
  }
  require_finite(parameters_, "the weights of the transitions' discriminator");
  return mean;
}

/// One step of Adam on as many rows of each; returns their loss. Blocks of them on several threads.
Tensor TransitionDiscriminator::step(const Tensor& own, const Tensor& other, const Tensor& mixed) {
  constexpr int64_t kRows = 128;
  const int64_t rows = own.size(0);
  std::vector<Tensor> losses(static_cast<size_t>((rows + kRows - 1) / kRows)), gradients = losses;
  for_row_blocks(rows, kRows, own.device(), [&](int64_t i, int64_t first, int64_t count) {
    const torch::AutoGradMode differentiates(true);
    auto leaves = layers();
    std::vector<Tensor> all;
    for (Layer& layer : leaves)
      for (Tensor* tensor : {&layer.weight, &layer.bias})
        all.push_back(*tensor = tensor->detach().requires_grad_());
    const auto part = [&](const Tensor& x) { return x.narrow(0, first, count); };
    const Tensor share = loss(leaves, part(own), part(other), part(mixed)) *
                         (static_cast<double>(count) / static_cast<double>(rows));
    std::vector<Tensor> gradient;
    for (const Tensor& by_leaf : torch::autograd::grad({share}, all))
      gradient.push_back(by_leaf.flatten());
    gradients[static_cast<size_t>(i)] = torch::cat(gradient);
    losses[static_cast<size_t>(i)] = share.detach();
  });
  parameters_ = parameters_ + adam_.ascent(-in_order(gradients));
  return in_order(losses);
}

Tensor TransitionDiscriminator::logits(const Transitions& data) const {
  const torch::NoGradGuard no_grad;
  const auto weights = layers();
  return by_row_blocks(
      data.size(), kEvaluatedRows, parameters_.device(), [&](int64_t begin, int64_t count) {
        const auto part = [&](const Tensor& field) { return field.narrow(0, begin, count); };
        return forward(weights, torch::cat({part(data.observation), part(data.action),
                                            part(data.next_observation)},
                                           1));
      });
}

void TransitionDiscriminator::serialize(Archive& archive) {
  archive("random", random_);
  archive("parameters", parameters_);
  archive("adam", adam_);
}

}  // namespace reverie
