#include <reverie/policies/actor.h>

#include <reverie/policies/gaussian_policy.h>

namespace reverie {
namespace {

Tensor act_by(const Gaussian& actions, Mode mode, RandomStream& random) {
  return mode == Mode::explore ? actions.sample(random) : actions.mean;
}

class PolicyActor : public Actor {
 public:
  explicit PolicyActor(const GaussianPolicy& policy) : policy_(policy) {}

  Tensor act(const Tensor& observation, Mode mode, RandomStream& random) override {
    // The world is on the CPU, and so small a network acts faster there than states can travel.
    return act_by(policy_.distribution(policy_.parameters().cpu(), observation), mode, random);
  }

 private:
  const GaussianPolicy& policy_;
};

class PoliciesActor : public Actor {
 public:
  PoliciesActor(const GaussianPolicy& policy, const Tensor& parameters)
      : policy_(policy), parameters_(parameters.cpu()) {}

  Tensor act(const Tensor& observation, Mode mode, RandomStream& random) override {
    const Tensor blocks = observation.view({parameters_.size(0), -1, observation.size(1)});
    return act_by(policy_.distribution(parameters_, blocks), mode, random).flatten(0, 1);
  }

 private:
  const GaussianPolicy& policy_;
  Tensor parameters_;
};

}  // namespace

void tell(Actor& actor, const Transitions& step) {
  if (!actor.remembers()) return;
  actor.see(step);
  actor.begin(step.terminated | step.truncated);
}

std::unique_ptr<Actor> actor_of(const GaussianPolicy& policy) {
  return std::make_unique<PolicyActor>(policy);
}

std::unique_ptr<Actor> actor_of(const GaussianPolicy& policy, const Tensor& parameters) {
  return std::make_unique<PoliciesActor>(policy, parameters);
}

}  // namespace reverie
