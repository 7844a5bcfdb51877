// Statistics that make a quantity of mean 0 and deviation 1.
#pragma once

#include <reverie/core/tensor.h>

namespace reverie {

class Archive;

/// Per-dimension mean and standard deviation of the rows it was fitted to, float32. Before the
/// first fit it changes nothing.
class Normaliser {
 public:
  explicit Normaliser(int64_t size) : mean_(torch::zeros({size})), std_(torch::ones({size})) {}

  void to(torch::Device device) {
    mean_ = mean_.to(device);
    std_ = std_.to(device);
  }

  /// What becomes of a dimension that does not vary: it keeps a deviation of 1, or has one of 0, so
  /// that `denormalise` gives nothing but its mean.
  enum class Constant { keeps_scale, is_its_mean };

  /// Statistics of `rows` [n, size], in double precision, where the rows are.
  void fit(const Tensor& rows, Constant constant = Constant::keeps_scale);

  /// For statistics without a deviation of 0.
  Tensor normalise(const Tensor& x) const { return (x - mean_) / std_; }
  /// For any: there the deviation counts as 1.
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
