#include <reverie/improvers/ascent.h>

#include <reverie/core/error.h>

namespace reverie {

double Ascent::step(Policy& policy, const Tensor& gradient) {
  require_finite(gradient, "the pathwise gradient");
  Tensor clipped = gradient.clone();
  if (config_.clip_norm > 0)
    for (Tensor& part : clipped.split_with_sizes(policy.variables()))
      if (const double norm = part.norm().item<double>(); norm > config_.clip_norm)
        part.mul_(config_.clip_norm / norm);
  policy.set_parameters(policy.parameters() + adam_.ascent(clipped));
  return gradient.norm().item<double>();
}

}  // namespace reverie
