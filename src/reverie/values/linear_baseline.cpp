#include <reverie/values/linear_baseline.h>

#include <reverie/core/error.h>
#include <reverie/nn/kernels/choice.h>
#include <reverie/values/linear_baseline_kernels.h>
#include <reverie/values/linear_baseline_torch.h>

namespace reverie {

void LinearFeatureBaseline::fit(const Rollouts& rollouts, const Tensor& returns) {
  const auto by =
      kernels::serve(rollouts.observation) ? baseline_weights_kernels : baseline_weights_torch;
  weights_ = by(rollouts, returns, regularisation_);
}

void LinearFeatureBaseline::fit_beyond(const Rollouts& rollouts, const Tensor& returns,
                                       double discount) {
  weights_ = baseline_weights_beyond(rollouts, returns, discount, regularisation_);
}

Tensor LinearFeatureBaseline::predict(const Tensor& observation, const Tensor& time) const {
  if (!weights_.defined()) return torch::zeros_like(time);
  require_shape(weights_, {time.size(0), 2 * observation.size(-1) + 4}, "the baseline's weights");
  const auto by = kernels::serve(observation) ? baseline_values_kernels : baseline_values_torch;
  return by(weights_, observation, time);
}

}  // namespace reverie
