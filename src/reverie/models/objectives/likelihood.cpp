#include <reverie/models/objectives/likelihood.h>

namespace reverie {

Tensor Likelihood::loss(const Prediction& prediction, const Tensor& target,
                        const Tensor& /*index*/) const {
  const auto square = (prediction.mean - target).pow(2);
  if (!prediction.log_variance.defined()) return square.mean();
  return (square * torch::exp(-prediction.log_variance) + prediction.log_variance).mean();
}

}  // namespace reverie
