// Policies that are an MLP and a head: those of actor-critics.
#pragma once

#include <reverie/core/random.h>
#include <reverie/core/settings.h>
#include <reverie/nn/mlp_shape.h>
#include <reverie/policies/action_head.h>
#include <reverie/policies/policy.h>

#include <string>
#include <vector>

namespace torch::jit {
struct Module;
}

namespace reverie {

struct PolicyNetworkConfig {
  std::vector<int64_t> hidden = {256, 256};
  double output_scale = 1.0;

  void describe(Settings& settings) {
    settings.add("hidden", hidden, "units of each hidden relu layer", at_least(1));
    settings.add("output_scale", output_scale,
                 "factor of the last layer's initial weights; small: the first mean actions are "
                 "in the middle of their range",
                 between(0, 100));
  }
};

/// An MLP of relu layers. Its flat parameters [p] are a block of effective weights (see MlpShape),
/// so that kernels use and train them in place: weights [in, stride] and bias [stride] of each
/// layer in order, with padding that stays 0.
class PolicyNetwork {
 public:
  PolicyNetwork(int64_t inputs, int64_t outputs, const PolicyNetworkConfig& config,
                RandomStream& random);

  const MlpShape& shape() const { return shape_; }
  const Tensor& parameters() const { return parameters_; }
  void set_parameters(const Tensor& parameters);
  void to(torch::Device device) { parameters_ = parameters_.to(device); }
  std::vector<int64_t> variables() const;

  /// Returns outputs [n, out] at `observation` [n, o], or [g, n, out] at [g, n, o] where
  /// `parameters` are [g, p].
  Tensor forward(const Tensor& parameters, const Tensor& observation) const;

  /// Gives a TorchScript module the weights, and `def outputs(self, obs)`.
  void add_to(torch::jit::Module& module) const;

  void serialize(Archive& archive);

 private:
  MlpShape shape_;
  Tensor parameters_;
};

/// Acts by kernels for groups of rows: see Policy::by_rows. `head` must outlive the result.
std::unique_ptr<RowPolicy> network_rows(const MlpShape& shape, const ActionHead& head,
                                        const Tensor& parameters, int64_t capacity);

/// What such policies share; `Kind` is Policy or StochasticPolicy.
template <class Kind>
class NetworkPolicy : public Kind {
 public:
  int64_t observation_size() const override { return network_.shape().input(); }
  int64_t action_size() const override { return head().action_size(); }

  /// To be trained: see improvers/actor_step.h.
  PolicyNetwork& network() { return network_; }
  const PolicyNetwork& network() const { return network_; }
  virtual const ActionHead& head() const = 0;

  const Tensor& parameters() const override { return network_.parameters(); }
  void set_parameters(const Tensor& parameters) override { network_.set_parameters(parameters); }
  void to(torch::Device device) override { network_.to(device); }
  std::vector<int64_t> variables() const override { return network_.variables(); }

  Tensor act(const Tensor& parameters, const Tensor& observation,
             const Tensor& noise) const override {
    return head().act(network_.forward(parameters, observation), noise).action;
  }
  std::unique_ptr<RowPolicy> by_rows(const Tensor& parameters, int64_t capacity) const override {
    return network_rows(network_.shape(), head(), parameters, capacity);
  }

  void serialize(Archive& archive) override { network_.serialize(archive); }

 protected:
  explicit NetworkPolicy(PolicyNetwork network) : network_(std::move(network)) {}

  PolicyNetwork network_;
};

/// Writes a module with `outputs`, `action_low` and `action_high` as the bytes of a TorchScript
/// file. `mode` and `draw` are expressions for u in -1..1, of `y`, the network's outputs.
std::string squashed_torchscript(const PolicyNetwork& network, const TaskSpec& task,
                                 const std::string& mode, const std::string& draw);

}  // namespace reverie
