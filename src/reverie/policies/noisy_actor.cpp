#include <reverie/policies/noisy_actor.h>

#include <reverie/policies/policy.h>

namespace reverie {
namespace {

class NoisyActor : public Actor {
 public:
  NoisyActor(const Policy& policy, const TaskSpec& spec, const Tensor& spread, double action_noise,
             RandomStream& random)
      : policy_(policy),
        low_(spec.lowest_action()),
        high_(spec.highest_action()),
        spread_(spread),
        action_noise_(action_noise),
        random_(random) {}

  Tensor act(const Tensor& observation, Mode mode, RandomStream& random) override {
    if (mode == Mode::exploit) return policy_.act(policy_.parameters().cpu(), observation, {});
    // Each environment is a group of one row.
    const Tensor groups = observation.unsqueeze(1);
    const auto act = [&](const Tensor& noise) {
      return policy_.act(parameters_, groups, noise).squeeze(1);
    };
    if (action_noise_ == 0)
      return act(random.normal({observation.size(0), 1, policy_.action_size()}));
    const Tensor mean = act({});
    const Tensor factor = random.uniform({mean.size(0), 1}, 0, 1);
    const Tensor action = mean + action_noise_ * factor * random.normal(mean.sizes());
    return torch::minimum(torch::maximum(action, low_), high_);
  }

  bool remembers() const override { return true; }

  void begin(const Tensor& which) override {
    const Tensor exact = policy_.parameters().cpu();
    if (!parameters_.defined()) parameters_ = exact.repeat({which.size(0), 1});
    if (!spread_.defined()) return;
    for (int64_t i = 0; i < which.size(0); ++i)
      if (which[i].item<bool>())
        parameters_[i].copy_(exact + spread_ * random_.normal(exact.sizes()));
  }

 private:
  const Policy& policy_;
  Tensor low_, high_, spread_;
  double action_noise_;
  RandomStream& random_;
  Tensor parameters_;  // [n, p]
};

}  // namespace

std::unique_ptr<Actor> noisy_actor(const Policy& policy, const TaskSpec& spec, const Tensor& spread,
                                   double action_noise, RandomStream& random) {
  return std::make_unique<NoisyActor>(policy, spec, spread, action_noise, random);
}

}  // namespace reverie
