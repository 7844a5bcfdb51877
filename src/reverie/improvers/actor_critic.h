// Actor-critics: methods that improve a policy and a critic from replayed transitions.
#pragma once

#include <reverie/core/monitor.h>
#include <reverie/core/random.h>
#include <reverie/data/transitions.h>
#include <reverie/policies/policy.h>
#include <reverie/values/critic.h>

#include <functional>
#include <map>
#include <string>

namespace reverie {

/// A policy and a critic that learn from each other, a batch at a time.
class ActorCritic {
 public:
  /// What the critic is fitted to: targets [n] for the actions of a batch, on the learner's device.
  using Target = std::function<Tensor(const Transitions& batch)>;

  virtual ~ActorCritic() = default;

  /// One step on a batch of transitions, on any device. A `terminated` transition has no value
  /// beyond it; a `truncated` one has. Throws NonFiniteError, naming the quantity.
  virtual void update(const Transitions& batch) = 0;

  virtual const Policy& policy() const = 0;
  virtual const Critic& critic() const = 0;

  /// Returns what each member of the critic's slow copy expects from observations [n, o] on, for an
  /// action drawn by the policy, with what the method adds to the reward: [K, n]. Without a
  /// gradient. What targets are made of.
  virtual Tensor values(const Tensor& observation) = 0;

  /// Fits the critic to other targets from now on. At first it is `td_target`.
  virtual void set_target(Target target) = 0;

  /// Records the means of this method's figures over the updates since the last call.
  virtual void record(Monitor& monitor) = 0;

  virtual void serialize(Archive& archive) = 0;
};

/// r + discount (1 - terminated) min_k V_k(s'), V_k by `values`: [n].
Tensor td_target(ActorCritic& learner, const Transitions& batch, double discount);

/// Standard normal noise [n, a] on a device.
Tensor standard_noise(RandomStream& random, int64_t n, int64_t a, torch::Device device);

/// Means of figures over updates.
class UpdateFigures {
 public:
  void add(const std::string& name, double value);
  /// Records the means and begins again.
  void record(Monitor& monitor);

 private:
  struct Sum {
    double total = 0;
    int64_t count = 0;
  };
  std::map<std::string, Sum> sums_;
};

}  // namespace reverie
