#include <reverie/nn/renormed_mlps.h>

#include <reverie/core/archive.h>

#include <cmath>

namespace reverie {

RenormedMlps::RenormedMlps(int64_t networks, MlpShape shape, int64_t warm_up, RandomStream& random,
                           double output_scale, torch::Device device)
    : shape_(std::move(shape)), warm_up_(warm_up) {
  std::vector<Tensor> blocks;
  for (int64_t k = 0; k < networks; ++k) {
    std::vector<Tensor> parts;
    for (int64_t l = 0; l < shape_.layers(); ++l) {
      const int64_t in = shape_.sizes[l], out = shape_.sizes[l + 1];
      const double scale = l + 1 == shape_.layers() ? output_scale : 1.0;
      const double bound = scale * std::sqrt(6.0 / static_cast<double>(in + out));
      parts.insert(parts.end(), {torch::ones({in}), torch::zeros({in}),
                                 random.uniform({in * out}, -bound, bound), torch::zeros({out})});
    }
    blocks.push_back(torch::cat(parts));
  }
  parameters_ = torch::stack(blocks).to(device);
  for (int64_t l = 0; l < shape_.layers(); ++l) {
    mean_.push_back(torch::zeros({networks, 1, shape_.sizes[l]}, device));
    variance_.push_back(torch::ones({networks, 1, shape_.sizes[l]}, device));
  }
}

std::vector<RenormedMlps::Layer> RenormedMlps::layers(const Tensor& parameters) const {
  std::vector<Layer> result;
  int64_t at = 0;
  const auto take = [&](int64_t rows, int64_t columns) {
    at += rows * columns;
    return parameters.narrow(1, at - rows * columns, rows * columns).unflatten(1, {rows, columns});
  };
  for (int64_t l = 0; l < shape_.layers(); ++l) {
    const int64_t in = shape_.sizes[l], out = shape_.sizes[l + 1];
    Layer layer;
    layer.scale = take(1, in);
    layer.shift = take(1, in);
    layer.weight = take(in, out);
    layer.bias = take(1, out);
    result.push_back(layer);
  }
  return result;
}

Tensor RenormedMlps::normalised(size_t l, const Tensor& x) {
  const Tensor mean = x.mean(1, /*keepdim=*/true);
  const Tensor variance = (x - mean).square().mean(1, /*keepdim=*/true);
  const Tensor deviation = (variance + kEpsilon).sqrt();
  Tensor y = (x - mean) / deviation;
  const torch::NoGradGuard no_grad;
  if (passes_ > warm_up_) {
    const Tensor running = (variance_[l] + kEpsilon).sqrt();
    const Tensor ratio = (deviation / running).clamp(1 / kMostRatio, kMostRatio);
    const Tensor shift = ((mean - mean_[l]) / running).clamp(-kMostShift, kMostShift);
    const torch::AutoGradMode differentiates(true);
    y = y * ratio.detach() + shift.detach();
  }
  mean_[l].lerp_(mean, 1 - kMomentum);
  variance_[l].lerp_(variance, 1 - kMomentum);
  return y;
}

Tensor RenormedMlps::train(const Tensor& parameters, const Tensor& x) {
  ++passes_;
  const std::vector<Layer> all = layers(parameters);
  Tensor hidden = x;
  for (size_t l = 0; l < all.size(); ++l) {
    if (l > 0) hidden = torch::relu(hidden);
    hidden = normalised(l, hidden) * all[l].scale + all[l].shift;
    hidden = torch::baddbmm(all[l].bias, hidden, all[l].weight);
  }
  return hidden;
}

Tensor RenormedMlps::folded() const {
  const torch::NoGradGuard no_grad;
  const std::vector<Layer> all = layers(parameters_);
  std::vector<Tensor> blocks;
  for (size_t l = 0; l < all.size(); ++l) {
    const Tensor scale = all[l].scale / (variance_[l] + kEpsilon).sqrt();
    const Tensor shift = all[l].shift - mean_[l] * scale;
    const Tensor bias = torch::baddbmm(all[l].bias, shift, all[l].weight);
    const Tensor block = torch::cat({scale.transpose(1, 2) * all[l].weight, bias}, 1);
    const int64_t padding = shape_.stride(static_cast<int64_t>(l)) - block.size(2);
    blocks.push_back(torch::constant_pad_nd(block, {0, padding}).flatten(1));
  }
  return torch::cat(blocks, 1);
}

void RenormedMlps::serialize(Archive& archive) {
  archive.count("passes", passes_);
  archive("parameters", parameters_);
  archive("mean", mean_);
  archive("variance", variance_);
}

}  // namespace reverie
