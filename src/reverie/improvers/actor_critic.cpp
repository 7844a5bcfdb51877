#include <reverie/improvers/actor_critic.h>

namespace reverie {

Tensor td_target(ActorCritic& learner, const Transitions& batch, double discount) {
  const Tensor beyond = std::get<0>(learner.values(batch.next_observation).min(0));
  // Not a product: where there is no value beyond, it need not be finite.
  return torch::where(batch.terminated, batch.reward, batch.reward + discount * beyond);
}

Tensor standard_noise(RandomStream& random, int64_t n, int64_t a, torch::Device device) {
  return device.is_cpu() ? random.normal({n, a}) : random.normal({n, a}, device);
}

void UpdateFigures::add(const std::string& name, double value) {
  Sum& sum = sums_[name];
  sum.total += value;
  ++sum.count;
}

void UpdateFigures::record(Monitor& monitor) {
  for (const auto& [name, sum] : sums_)
    monitor.record(name, sum.total / static_cast<double>(sum.count));
  sums_.clear();
}

}  // namespace reverie
