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

AdamRows Ensemble::rows(const std::vector<int64_t>& members) const {
  const Tensor index = index_of(members, parameters_);
  return {pick(parameters_, index), pick(first_moment_, index), pick(second_moment_, index)};
}

void Ensemble::put_back(const std::vector<int64_t>& members, const AdamRows& rows, int64_t steps) {
  const torch::NoGradGuard no_grad;
  const Tensor index = index_of(members, parameters_);
  reverie::put_back(parameters_, index, rows.parameters);
  reverie::put_back(first_moment_, index, rows.first_moment);
  reverie::put_back(second_moment_, index, rows.second_moment);
  for (const int64_t k : members) {
    steps_.data_ptr<int64_t>()[k] += steps;
    refresh(k);
  }
}

std::vector<int64_t> Ensemble::steps(const std::vector<int64_t>& members) const {
  std::vector<int64_t> counts;
  for (const int64_t k : members) counts.push_back(steps_.data_ptr<int64_t>()[k]);
  return counts;
}

void Ensemble::step(const std::vector<int64_t>& members, const Tensor& gradient,
                    double learning_rate) {
  kernels::AdamRates rates;
  rates.learning_rate = static_cast<float>(learning_rate);
  auto moved = rows(members);
  moved.step(gradient, adam_factors(steps(members), 1, rates)[0].to(gradient.device()), rates);
  put_back(members, moved, 1);
}

}  // namespace reverie
