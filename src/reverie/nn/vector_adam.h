// Adam over one flat vector of parameters.
#pragma once

#include <reverie/core/tensor.h>

namespace reverie {

class Archive;

/// Adam (Kingma and Ba 2015, algorithm 1) for a vector, as the policy improvers use it.
class VectorAdam {
 public:
  explicit VectorAdam(double learning_rate, double beta1 = 0.9, double beta2 = 0.999,
                      double epsilon = 1e-8)
      : learning_rate_(learning_rate), beta1_(beta1), beta2_(beta2), epsilon_(epsilon) {}

  /// Returns the update to add to the parameters to ascend along `gradient`.
  Tensor ascent(const Tensor& gradient);

  void serialize(Archive& archive);

 private:
  double learning_rate_, beta1_, beta2_, epsilon_;
  int64_t steps_ = 0;
  Tensor first_, second_;  // running moments; undefined before the first step
};

}  // namespace reverie
