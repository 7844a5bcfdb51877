#include <reverie/nn/ensemble_training_torch.h>

namespace reverie {
namespace {

/// Of a layer in a flat block [m, p]: weights and bias [m, in + 1, out], and with weight
/// normalisation the lengths [m, 1, out].
struct LayerView {
  Tensor block, lengths;
};

std::vector<LayerView> layer_views(const MlpShape& shape, const Tensor& flat) {
  std::vector<LayerView> views;
  int64_t at = 0;
  const auto take = [&](int64_t rows, int64_t out) {
    at += rows * out;
    return flat.narrow(1, at - rows * out, rows * out).view({-1, rows, out});
  };
  for (int64_t l = 0; l < shape.layers(); ++l) {
    const int64_t in = shape.sizes[l], out = shape.sizes[l + 1];
    LayerView view{take(in + 1, out), {}};
    if (shape.weight_normalisation) view.lengths = take(1, out);
    views.push_back(view);
  }
  return views;
}

}  // namespace

EnsembleTraining::EnsembleTraining(Ensemble& ensemble, std::vector<int64_t> members, int64_t batch,
                                   std::vector<double> decay)
    : ensemble_(ensemble),
      members_(std::move(members)),
      decay_(std::move(decay)),
      rows_(ensemble.rows(members_)),
      mlp_(ensemble.shape(), rows_.parameters.size(0), batch, ensemble.device(),
           BatchedMlp::Use::training),
      gradient_(torch::empty_like(rows_.parameters)) {
  const MlpShape& shape = ensemble.shape();
  for (const auto& layer : layer_views(shape, rows_.parameters))
    blocks_.push_back(shape.weight_normalisation ? torch::empty_like(layer.block) : layer.block);
  for (const auto& layer : layer_views(shape, gradient_))
    block_gradient_.push_back(shape.weight_normalisation ? torch::empty_like(layer.block)
                                                         : layer.block);
}

Tensor EnsembleTraining::forward(const Tensor& x) {
  derive_blocks();
  return torch::bmm(mlp_.hidden(blocks_, x), blocks_.back());
}

void EnsembleTraining::step(const Tensor& x, const Tensor& output_gradient, const Tensor& factors) {
  mlp_.backward(blocks_, x, output_gradient, block_gradient_);
  for (size_t l = 0; l < decay_.size(); ++l) {
    const int64_t in = ensemble_.shape().sizes[l];
    if (decay_[l] > 0)
      block_gradient_[l].narrow(1, 0, in).add_(blocks_[l].narrow(1, 0, in), decay_[l]);
  }
  gather_gradient();
  rows_.step(gradient_, factors, kernels::AdamRates{});
}

Tensor EnsembleTraining::factors(int64_t steps, double learning_rate) const {
  kernels::AdamRates rates;
  rates.learning_rate = static_cast<float>(learning_rate);
  return adam_factors(ensemble_.steps(members_), steps, rates).to(ensemble_.device());
}

/// W = g V / |V|, by columns; the bias as it is.
void EnsembleTraining::derive_blocks() {
  const MlpShape& shape = ensemble_.shape();
  if (!shape.weight_normalisation) return;
  const auto layers = layer_views(shape, rows_.parameters);
  for (int64_t l = 0; l < shape.layers(); ++l) {
    const int64_t in = shape.sizes[l];
    const auto direction = layers[l].block.narrow(1, 0, in);
    const auto scale = layers[l].lengths / direction.norm(2, 1, true);
    auto weight = blocks_[l].narrow(1, 0, in);
    torch::mul_out(weight, direction, scale);
    blocks_[l].select(1, in).copy_(layers[l].block.select(1, in));
  }
}

/// dL/dg = dL/dW . V / |V|,  dL/dV = g / |V| (dL/dW - dL/dg V / |V|).
void EnsembleTraining::gather_gradient() {
  const MlpShape& shape = ensemble_.shape();
  if (!shape.weight_normalisation) return;  // the blocks' are views of it
  const auto layers = layer_views(shape, rows_.parameters), to = layer_views(shape, gradient_);
  for (int64_t l = 0; l < shape.layers(); ++l) {
    const int64_t in = shape.sizes[l];
    const auto weight_gradient = block_gradient_[l].narrow(1, 0, in);
    const auto direction = layers[l].block.narrow(1, 0, in);
    const auto norm = direction.norm(2, 1, true);
    auto length_gradient = to[l].lengths, direction_gradient = to[l].block.narrow(1, 0, in);
    torch::div_out(length_gradient, (weight_gradient * direction).sum(1, true), norm);
    torch::sub_out(direction_gradient, weight_gradient, direction * (length_gradient / norm));
    direction_gradient.mul_(layers[l].lengths / norm);
    to[l].block.select(1, in).copy_(block_gradient_[l].select(1, in));
  }
}

}  // namespace reverie
