#include <reverie/policies/correlated_noise.h>

namespace reverie {
namespace {

class CorrelatedNoise : public Actor {
 public:
  CorrelatedNoise(std::unique_ptr<Actor> actor, double theta, double sigma)
      : actor_(std::move(actor)), theta_(theta), sigma_(sigma) {}

  Tensor act(const Tensor& observation, Mode mode, RandomStream& random) override {
    const Tensor action = actor_->act(observation, mode, random);
    if (mode == Mode::exploit) return action;
    if (!noise_.defined()) noise_ = torch::zeros_like(action);
    noise_ = (1 - theta_) * noise_ + sigma_ * random.normal(action.sizes());
    return action + noise_;
  }

  void see(const Transitions& step) override { actor_->see(step); }

  void begin(const Tensor& which) override {
    actor_->begin(which);
    if (noise_.defined()) noise_.index_fill_(0, which.nonzero().squeeze(1), 0);
  }

  bool remembers() const override { return true; }

 private:
  std::unique_ptr<Actor> actor_;
  double theta_, sigma_;
  Tensor noise_;  // [n, a]
};

}  // namespace

std::unique_ptr<Actor> with_correlated_noise(std::unique_ptr<Actor> actor, double theta,
                                             double sigma) {
  return std::make_unique<CorrelatedNoise>(std::move(actor), theta, sigma);
}

}  // namespace reverie
