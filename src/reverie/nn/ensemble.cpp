#include <reverie/nn/ensemble.h>

#include <reverie/core/archive.h>
#include <reverie/nn/kernels/adam.h>

namespace reverie {
namespace {

void draw(RandomStream& random, FirstWeights init, int64_t in, int64_t out, float* weights) {
  if (init == FirstWeights::xavier) {
    const float bound = std::sqrt(6.0f / static_cast<float>(in + out));
    return random.fill_uniform(weights, in * out, -bound, bound);
  }
  const float deviation = 0.5f / std::sqrt(static_cast<float>(in));
  random.fill_normal(weights, in * out);
  for (int64_t i = 0; i < in * out; ++i) {
    while (std::abs(weights[i]) > 2.0f) random.fill_normal(weights + i, 1);
    weights[i] *= deviation;
  }
}

}  // namespace

std::vector<std::string> setting_names(FirstWeights) {
  return {"xavier", "truncated_normal"};
}

Ensemble::Ensemble(int64_t members, MlpShape shape, RandomStream& random, FirstWeights init)
    : shape_(std::move(shape)) {
  parameters_ = torch::zeros({members, shape_.parameter_count()});
  effective_ = torch::zeros({members, shape_.effective_count()});
  first_moment_ = torch::zeros_like(parameters_);
  second_moment_ = torch::zeros_like(parameters_);
  steps_ = torch::zeros({members}, torch::kInt64);
  for (int64_t k = 0; k < members; ++k) {
    float* block = parameters_[k].data_ptr<float>();
    for (int64_t l = 0; l < shape_.layers(); ++l) {
      const int64_t in = shape_.sizes[l], out = shape_.sizes[l + 1];
      draw(random, init, in, out, block);
      if (shape_.weight_normalisation) {
        const auto weight = torch::from_blob(block, {in, out});
        torch::from_blob(block + (in + 1) * out, {out}).copy_(weight.norm(2, 0));
        block += out;
      }
      block += (in + 1) * out;
    }
    refresh(k);
  }
}

void Ensemble::refresh(int64_t member) {
  if (!parameters_.is_cpu()) return;
  kernels::effective_weights(shape_, parameters_.data_ptr<float>() + member * parameters_.size(1),
                             effective_.data_ptr<float>() + member * effective_.size(1));
}

void Ensemble::set_parameters(int64_t member, const Tensor& parameters) {
  const torch::NoGradGuard no_grad;
  parameters_[member].copy_(parameters);
  refresh(member);
}

kernels::NetworkStep Ensemble::begin_step(int64_t member, double learning_rate) {
  const int64_t offset = member * parameters_.size(1);
  const kernels::AdamBlock block{parameters_.data_ptr<float>() + offset,
                                 first_moment_.data_ptr<float>() + offset,
                                 second_moment_.data_ptr<float>() + offset};
  kernels::AdamRates rates;
  rates.learning_rate = static_cast<float>(learning_rate);
  return {shape_, block, ++steps_.data_ptr<int64_t>()[member], rates,
          effective_.data_ptr<float>() + member * effective_.size(1)};
}

void Ensemble::step(int64_t member, const float* effective_gradient, double learning_rate) {
  begin_step(member, learning_rate).all(effective_gradient);
  end_steps(member);
}

void Ensemble::end_steps(int64_t member) {
  if (shape_.weight_normalisation) return;
  kernels::parameters_of(shape_, effective_.data_ptr<float>() + member * effective_.size(1),
                         parameters_.data_ptr<float>() + member * parameters_.size(1));
}

Tensor Ensemble::forward(const Tensor& effective, const Tensor& x) const {
  std::vector<Layer> found;
  int64_t offset = 0;
  for (int64_t l = 0; l < shape_.layers(); ++l) {
    const int64_t in = shape_.sizes[l], out = shape_.sizes[l + 1], stride = shape_.stride(l);
    const auto block =
        effective.narrow(1, offset, (in + 1) * stride).view({-1, in + 1, stride}).narrow(2, 0, out);
    found.push_back({block.narrow(1, 0, in), block.narrow(1, in, 1)});
    offset += (in + 1) * stride;
  }
  return forward(found, x);
}

void Ensemble::serialize(Archive& archive) {
  archive("parameters", parameters_);
  archive("first_moment", first_moment_);
  archive("second_moment", second_moment_);
  archive("steps", steps_);
  if (archive.reading() && ((steps_ < 0) | (steps_ > 1'000'000'000'000)).any().item<bool>())
    archive.refuse("steps", "no counts");
  if (archive.reading())
    for (int64_t k = 0; k < members(); ++k) refresh(k);
}

}  // namespace reverie
