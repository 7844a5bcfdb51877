// A policy and a critic that are any function, and a tiny model: for tests of objectives.
#pragma once

#include <reverie/models/objectives/objective.h>
#include <reverie/policies/policy.h>
#include <reverie/values/critic.h>

#include <functional>
#include <stdexcept>

namespace reverie::testing {

/// Acts by a function of observations and noise (undefined: the mode).
class AnyPolicy : public Policy {
 public:
  using Act = std::function<Tensor(const Tensor& observation, const Tensor& noise)>;
  AnyPolicy(int64_t observation_size, int64_t action_size, Act act)
      : observation_size_(observation_size), action_size_(action_size), act_(std::move(act)) {}

  int64_t observation_size() const override { return observation_size_; }
  int64_t action_size() const override { return action_size_; }
  const Tensor& parameters() const override { return parameters_; }
  void set_parameters(const Tensor&) override {}
  void to(torch::Device) override {}
  std::vector<int64_t> variables() const override { return {}; }
  Tensor act(const Tensor&, const Tensor& observation, const Tensor& noise) const override {
    return act_(observation, noise);
  }
  std::unique_ptr<RowPolicy> by_rows(const Tensor&, int64_t) const override {
    throw std::logic_error("not by rows");
  }
  std::string torchscript(const TaskSpec&) const override { return {}; }
  void serialize(Archive&) override {}

 private:
  int64_t observation_size_, action_size_;
  Act act_;
  Tensor parameters_ = torch::zeros({0});
};

/// Q [K, n] by a function of observations and actions.
class AnyCritic : public Critic {
 public:
  using Q = std::function<Tensor(const Tensor& observation, const Tensor& action)>;
  explicit AnyCritic(Q q) : q_(std::move(q)) {}
  Tensor q(const Tensor& observation, const Tensor& action) const override {
    return q_(observation, action);
  }

 private:
  Q q_;
};

/// A model of one observed number and one action.
inline DynamicsModel tiny_model() {
  TaskSpec spec;
  spec.observation_size = 1;
  spec.action_low = {-1};
  spec.action_high = {1};
  ModelConfig config;
  config.members = 1;
  config.hidden = {2};
  RandomStream random(1, "model");
  return {spec, config, random};
}

}  // namespace reverie::testing
