#include <reverie/data/normaliser.h>

#include <reverie/core/archive.h>

namespace reverie {

void Normaliser::fit(const Tensor& rows, Constant constant) {
  require_shape(rows, {-1, mean_.size(0)}, "rows to normalise");
  const auto precise = rows.to(torch::kFloat64);
  const auto mean = precise.mean(0);
  const auto std = (precise - mean).pow(2).mean(0).sqrt();
  mean_ = mean.to(torch::kFloat32);
  const auto instead = torch::full_like(std, constant == Constant::keeps_scale ? 1 : 0);
  std_ = torch::where(std < 1e-8, instead, std).to(torch::kFloat32);
}

void Normaliser::keep_constants_only() {
  const auto constant = std_ == 0;
  mean_ = torch::where(constant, mean_, torch::zeros_like(mean_));
  std_ = torch::where(constant, std_, torch::ones_like(std_));
}

void Normaliser::serialize(Archive& archive) {
  archive("mean", mean_);
  archive("std", std_);
}

}  // namespace reverie
