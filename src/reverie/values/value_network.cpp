#include <reverie/values/value_network.h>

#include <reverie/core/archive.h>
#include <reverie/core/error.h>

namespace reverie {

ValueNetwork::ValueNetwork(int64_t inputs, const ValueConfig& config, RandomStream random,
                           torch::Device device)
    : config_(config),
      random_(random),
      network_(1, value_shape(inputs, config.hidden), random_),
      inputs_(inputs),
      outputs_(1) {
  network_.to(device);
  inputs_.to(device);
  outputs_.to(device);
}

void ValueNetwork::fit(const Tensor& x, const Tensor& y) {
  TORCH_CHECK(x.size(0) > 0, "a value network's fit needs data");
  require_finite(y, "the returns that the value network is fitted to");
  inputs_.fit(x);
  outputs_.fit(y.unsqueeze(1));
  fitted_ = true;
  const Tensor from = inputs_.normalise(x), to = outputs_.normalise(y.unsqueeze(1));
  const int64_t rows = x.size(0), batches = (rows + config_.batch - 1) / config_.batch;
  for (int64_t epoch = 0; epoch < config_.epochs; ++epoch) {
    // As equal as they divide: a small one at the end would weigh as much as the others.
    for (const Tensor& index : random_.permutation(rows).to(x.device()).chunk(batches)) {
      const torch::AutoGradMode differentiates(true);
      const Tensor parameters = network_.parameters().detach().clone().requires_grad_();
      const Tensor said =
          network_.forward(network_.layers(parameters), from.index_select(0, index).unsqueeze(0));
      const Tensor loss = (said[0] - to.index_select(0, index)).square().mean();
      const Tensor gradient = torch::autograd::grad({loss}, {parameters})[0];
      const torch::NoGradGuard no_grad;
      network_.step({0}, gradient, config_.learning_rate);
    }
  }
  require_finite(network_.parameters(), "the value network's weights");
}

Tensor ValueNetwork::predict(const Tensor& x) const {
  const torch::NoGradGuard no_grad;
  std::vector<int64_t> shape = x.sizes().vec();
  const int64_t inputs = shape.back();
  shape.pop_back();
  if (!fitted_) return torch::zeros(shape, x.options());
  const Tensor rows = inputs_.normalise(x.reshape({1, -1, inputs}));
  return outputs_.denormalise(network_.forward(rows)[0]).view(shape);
}

void ValueNetwork::serialize(Archive& archive) {
  archive("random", random_);
  archive("network", network_);
  archive("inputs", inputs_);
  archive("outputs", outputs_);
  archive("fitted", fitted_);
}

}  // namespace reverie
