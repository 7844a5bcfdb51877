#include <reverie/improvers/ascent.h>

#include <reverie/core/error.h>

namespace reverie {
namespace {

/// The lengths of a policy's variables in its flat parameters: weights and biases layer by layer,
/// then the log standard deviations.
std::vector<int64_t> variables(const GaussianPolicy& policy) {
  std::vector<int64_t> lengths;
  const auto& sizes = policy.sizes();
  for (size_t l = 0; l + 1 < sizes.size(); ++l) {
    lengths.push_back(sizes[l] * sizes[l + 1]);
    lengths.push_back(sizes[l + 1]);
  }
  lengths.push_back(sizes.back());
  return lengths;
}

}  // namespace

double Ascent::step(GaussianPolicy& policy, const Tensor& gradient) {
  require_finite(gradient, "the pathwise gradient");
  Tensor clipped = gradient.clone();
  if (config_.clip_norm > 0)
    for (Tensor& part : clipped.split_with_sizes(variables(policy)))
      if (const double norm = part.norm().item<double>(); norm > config_.clip_norm)
        part.mul_(config_.clip_norm / norm);
  policy.set_parameters(policy.parameters() + adam_.ascent(clipped));
  return gradient.norm().item<double>();
}

}  // namespace reverie
