#include <reverie/nn/vector_adam.h>

#include <reverie/core/archive.h>

#include <cmath>

namespace reverie {

Tensor VectorAdam::ascent(const Tensor& gradient) {
  if (!first_.defined() || first_.sizes() != gradient.sizes()) {
    first_ = torch::zeros_like(gradient);
    second_ = torch::zeros_like(gradient);
    steps_ = 0;
  }
  first_ = first_.to(gradient.device());    // a checkpoint read before the first step left them
  second_ = second_.to(gradient.device());  // on the CPU
  ++steps_;
  first_ = beta1_ * first_ + (1 - beta1_) * gradient;
  second_ = beta2_ * second_ + (1 - beta2_) * gradient.square();
  const double steps = static_cast<double>(steps_);
  const Tensor mean = first_ / (1 - std::pow(beta1_, steps));
  const Tensor deviation = torch::sqrt(second_ / (1 - std::pow(beta2_, steps)));
  return learning_rate_ * mean / (deviation + epsilon_);
}

void VectorAdam::serialize(Archive& archive) {
  archive.count("steps", steps_);
  archive.optional("first", first_, {-1});
  archive.optional("second", second_, {-1});
  if (first_.defined() != second_.defined() ||
      (first_.defined() && first_.sizes() != second_.sizes()))
    archive.refuse("second", "the moments of another vector");
}

}  // namespace reverie
