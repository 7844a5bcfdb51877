#include <reverie/improvers/pathwise.h>

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

void PathwiseConfig::describe(Settings& settings) {
  settings.add("learning_rate", learning_rate, "Adam's step size", at_least(0));
  settings.add("clip_norm", clip_norm,
               "largest norm of the gradient of a layer's weights, or of its biases; 0: any",
               at_least(0));
  settings.add("stochastic", stochastic,
               "whether imagined actions have the policy's noise, which the gradient goes around; "
               "otherwise they are its means, and its standard deviation is not learned");
  settings.add("discount", discount, "discount of a step of the imagined return", between(0, 1));
  settings.add("truncation", truncation,
               "steps that a gradient flows back through; 0: the whole horizon", at_least(0));
  settings.add("memory", memory,
               "GiB that activations may take, beyond which they are computed twice",
               between(0.001, 1e4));
}

PathwiseOptions PathwiseConfig::options() const {
  PathwiseOptions options;
  options.discount = discount;
  options.mode = stochastic ? Mode::explore : Mode::exploit;
  options.truncation = truncation;
  options.memory = memory;
  return options;
}

double Pathwise::ascend(GaussianPolicy& policy, const Tensor& gradient) {
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
