#include <reverie/policies/actor.h>

#include <reverie/policies/policy.h>

namespace reverie {
namespace {

/// Noise for an action at each row; none to exploit.
Tensor noise_for(const Policy& policy, const Tensor& observation, Mode mode, RandomStream& random) {
  if (mode == Mode::exploit) return {};
  std::vector<int64_t> shape = observation.sizes().vec();
  shape.back() = policy.action_size();
  return random.normal(shape);
}

class PolicyActor : public Actor {
 public:
  explicit PolicyActor(const Policy& policy) : policy_(policy) {}

  Tensor act(const Tensor& observation, Mode mode, RandomStream& random) override {
    // The world is on the CPU, and so small a network acts faster there than states can travel.
    return policy_.act(policy_.parameters().cpu(), observation,
                       noise_for(policy_, observation, mode, random));
  }

 private:
  const Policy& policy_;
};

class PoliciesActor : public Actor {
 public:
  PoliciesActor(const Policy& policy, const Tensor& parameters)
      : policy_(policy), parameters_(parameters.cpu()) {}

  Tensor act(const Tensor& observation, Mode mode, RandomStream& random) override {
    const Tensor blocks = observation.view({parameters_.size(0), -1, observation.size(1)});
    return policy_.act(parameters_, blocks, noise_for(policy_, blocks, mode, random)).flatten(0, 1);
  }

 private:
  const Policy& policy_;
  Tensor parameters_;
};

class UniformActor : public Actor {
 public:
  explicit UniformActor(const TaskSpec& spec)
      : low_(spec.lowest_action()), width_(spec.highest_action() - low_) {}

  Tensor act(const Tensor& observation, Mode, RandomStream& random) override {
    return low_ + width_ * random.uniform({observation.size(0), low_.size(0)}, 0, 1);
  }

 private:
  Tensor low_, width_;  // [a]
};

}  // namespace

std::unique_ptr<Actor> uniform_actor(const TaskSpec& spec) {
  return std::make_unique<UniformActor>(spec);
}

void tell(Actor& actor, const Transitions& step) {
  if (!actor.remembers()) return;
  actor.see(step);
  actor.begin(step.terminated | step.truncated);
}

std::unique_ptr<Actor> actor_of(const Policy& policy) {
  return std::make_unique<PolicyActor>(policy);
}

std::unique_ptr<Actor> actor_of(const Policy& policy, const Tensor& parameters) {
  return std::make_unique<PoliciesActor>(policy, parameters);
}

}  // namespace reverie
