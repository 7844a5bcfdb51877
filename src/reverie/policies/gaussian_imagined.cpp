// Gaussian policies acting in imaginations.
#include <reverie/nn/batched_mlp_torch.h>
#include <reverie/nn/kernels/small_mlps.h>
#include <reverie/policies/gaussian_policy.h>

namespace reverie {
namespace {

class GaussianRows : public RowPolicy {
 public:
  GaussianRows(const std::vector<int64_t>& sizes, const Tensor& parameters, const Tensor& stds)
      : a_(sizes.back()),
        stds_(stds.contiguous()),
        means_(sizes, parameters.data_ptr<float>(), parameters.size(0), parameters.stride(0)) {}

  void act(int64_t group, const float* observation, int64_t rows, const float* noise,
           float* action) override {
    means_.forward(group, observation, rows, action);
    if (noise == nullptr) return;
    const float* std = stds_.data_ptr<float>() + group * a_;
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t j = 0; j < a_; ++j) action[row * a_ + j] += std[j] * noise[row * a_ + j];
  }

 private:
  int64_t a_;
  Tensor stds_;  // [g, a]
  kernels::SmallMlps means_;
};

/// The layers [g, in + 1, out] of the policies' means for their parameters [g, p].
std::vector<Tensor> mean_layers(const std::vector<int64_t>& sizes, const Tensor& parameters) {
  std::vector<Tensor> layers;
  int64_t at = 0;
  const auto take = [&](int64_t rows, int64_t columns) {
    at += rows * columns;
    return parameters.narrow(1, at - rows * columns, rows * columns).unflatten(1, {rows, columns});
  };
  for (size_t l = 1; l < sizes.size(); ++l) {
    const auto weight = take(sizes[l], sizes[l - 1]);
    layers.push_back(torch::cat({weight.transpose(1, 2), take(1, sizes[l])}, 1));
  }
  return layers;
}

class GaussianBatch : public BatchPolicy {
 public:
  GaussianBatch(const std::vector<int64_t>& sizes, const Tensor& parameters, const Tensor& stds,
                int64_t n)
      : stds_(stds),
        layers_(mean_layers(sizes, parameters)),
        means_({sizes, Activation::tanh, false}, parameters.size(0), n, parameters.device(),
               BatchedMlp::Use::inference) {}

  void prepare(Tensor& noise) const override { noise.mul_(stds_.unsqueeze(1)); }

  void act(const Tensor& input, Tensor& action) override {
    action.baddbmm_(means_.hidden(layers_, input), layers_.back());
  }

 private:
  Tensor stds_;  // [g, a]
  std::vector<Tensor> layers_;
  BatchedMlp means_;
};

}  // namespace

Tensor GaussianPolicy::stds(const Tensor& parameters) const {
  return parameters.narrow(1, parameter_count() - action_size(), action_size())
      .clamp_min(min_log_std_)
      .exp();
}

std::unique_ptr<RowPolicy> GaussianPolicy::by_rows(const Tensor& parameters, int64_t) const {
  return std::make_unique<GaussianRows>(sizes_, parameters, stds(parameters));
}

std::unique_ptr<BatchPolicy> GaussianPolicy::by_batch(const Tensor& parameters, int64_t n) const {
  return std::make_unique<GaussianBatch>(sizes_, parameters, stds(parameters), n);
}

}  // namespace reverie
