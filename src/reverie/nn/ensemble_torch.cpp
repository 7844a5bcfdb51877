// The ensemble by torch's operations alone: what runs on CUDA.
#include <reverie/nn/adam_torch.h>
#include <reverie/nn/ensemble.h>

namespace reverie {

void Ensemble::to(torch::Device device) {
  for (Tensor* tensor : {&parameters_, &first_moment_, &second_moment_})
    *tensor = tensor->to(device);
  for (int64_t k = 0; k < members(); ++k) refresh(k);
}

std::vector<Ensemble::Layer> Ensemble::layers(const Tensor& parameters) const {
  std::vector<Layer> result;
  int64_t at = 0;
  const auto take = [&](int64_t count) {
    at += count;
    return parameters.narrow(1, at - count, count);
  };
  for (int64_t l = 0; l < shape_.layers(); ++l) {
    const int64_t in = shape_.sizes[l], out = shape_.sizes[l + 1];
    auto weight = take(in * out).reshape({-1, in, out});
    const auto bias = take(out).unsqueeze(1);
    if (shape_.weight_normalisation)
      weight = weight * (take(out).unsqueeze(1) / weight.square().sum(1, true).sqrt());
    result.push_back({weight, bias});
  }
  return result;
}

Tensor Ensemble::forward(const std::vector<Layer>& layers, const Tensor& x) const {
  auto hidden = x;
  for (const Layer& layer : layers) {
    if (&layer != &layers.front())
      hidden = shape_.activation == Activation::relu   ? torch::relu(hidden)
               : shape_.activation == Activation::tanh ? torch::tanh(hidden)
                                                       : torch::silu(hidden);
    hidden = torch::baddbmm(layer.bias, hidden, layer.weight);
  }
  return hidden;
}

void Ensemble::step(const std::vector<int64_t>& members, const Tensor& gradient,
                    double learning_rate) {
  kernels::AdamRates rates;
  rates.learning_rate = static_cast<float>(learning_rate);
  RowAdam{parameters_, first_moment_, second_moment_, steps_}.step(members, gradient, rates);
  for (const int64_t k : members) refresh(k);
}

}  // namespace reverie
