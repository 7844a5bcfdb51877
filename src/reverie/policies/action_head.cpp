#include <reverie/policies/action_head.h>

#include <cmath>

namespace reverie {

ActionHead::ActionHead(const TaskSpec& spec) {
  for (size_t j = 0; j < spec.action_low.size(); ++j) {
    middle_.push_back(static_cast<float>((spec.action_high[j] + spec.action_low[j]) / 2));
    half_.push_back(static_cast<float>((spec.action_high[j] - spec.action_low[j]) / 2));
  }
}

double ActionHead::log_volume() const {
  double sum = 0;
  for (const double half : half_) sum += std::log(half);
  return sum;
}

Tensor ActionHead::scaled(const Tensor& u) const {
  return torch::tensor(middle_).to(u.options()) + torch::tensor(half_).to(u.options()) * u;
}

Tensor ActionHead::unscaled(const Tensor& action) const {
  return (action - torch::tensor(middle_).to(action.options())) /
         torch::tensor(half_).to(action.options());
}

}  // namespace reverie
