// Statistics that normalise a quantity to mean 0 and standard deviation 1.
#pragma once

#include <reverie/core/tensor.h>

namespace reverie {

class Archive;

/// Per-dimension mean and standard deviation of the rows it was fitted to, float32. The identity
/// before the first fit.
class Normaliser {
 public:
  explicit Normaliser(int64_t size) : mean_(torch::zeros({size})), std_(torch::ones({size})) {}

  void to(torch::Device device) {
    mean_ = mean_.to(device);
    std_ = std_.to(device);
  }

  /// How to treat a constant dimension: with a deviation of 1, or of 0, so that `denormalise`
  /// always returns its mean.
  enum class Constant { keeps_scale, is_its_mean };

  /// Computes the statistics of `rows` [n, size], in double precision, on the rows' device.
  void fit(const Tensor& rows, Constant constant = Constant::keeps_scale);
  /// Leaves every dimension as it is but for a constant one whose deviation is 0.
  void keep_constants_only();

  /// Requires nonzero deviations.
  Tensor normalise(const Tensor& x) const { return (x - mean_) / std_; }
  /// Treats a deviation of 0 as 1.
  Tensor normalise_safely(const Tensor& x) const {
    return (x - mean_) / torch::where(std_ == 0, torch::ones_like(std_), std_);
  }
  Tensor denormalise(const Tensor& x) const { return x * std_ + mean_; }

  const Tensor& mean() const { return mean_; }  ///< [size]
  const Tensor& std() const { return std_; }    ///< [size]

  void serialize(Archive& archive);

 private:
  Tensor mean_, std_;
};

}  // namespace reverie
