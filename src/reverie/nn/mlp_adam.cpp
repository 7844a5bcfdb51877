#include <reverie/nn/mlp_adam.h>

#include <reverie/core/archive.h>
#include <reverie/nn/adam_torch.h>

namespace reverie {

MlpAdam::MlpAdam(int64_t networks, int64_t count, double learning_rate, double beta1,
                 torch::Device device)
    : first_(torch::zeros({networks, count}, device)), second_(torch::zeros_like(first_)) {
  rates_.learning_rate = static_cast<float>(learning_rate);
  rates_.beta1 = static_cast<float>(beta1);
}

kernels::AdamBlock MlpAdam::block(const Tensor& weights, int64_t k) const {
  const int64_t at = k * first_.size(1);
  return {weights.data_ptr<float>() + at, first_.data_ptr<float>() + at,
          second_.data_ptr<float>() + at};
}

void MlpAdam::step(const Tensor& weights, const Tensor& gradient) {
  const std::vector<int64_t> done(static_cast<size_t>(first_.size(0)), steps_++);
  AdamRows rows{weights.view_as(first_), first_, second_};
  rows.step(gradient.view_as(first_), adam_factors(done, 1, rates_)[0].to(first_.device()), rates_);
}

void MlpAdam::serialize(Archive& archive) {
  archive.count("steps", steps_);
  archive("first_moment", first_);
  archive("second_moment", second_);
}

}  // namespace reverie
