// The deterministic policy: tanh in the task's range, and noise added to explore.
#pragma once

#include <reverie/policies/policy_network.h>

namespace reverie {

/// u = tanh(x), x the outputs, plus normal noise of a set deviation and limit, within -1..1.
class DeterministicHead : public ActionHead {
 public:
  /// `limit` of the noise; infinity: none.
  DeterministicHead(const TaskSpec& spec, double deviation, double limit);

  int64_t outputs() const override { return action_size(); }
  /// `log_density` must be null: there is none.
  void act(const float* output, int64_t rows, const float* noise, float* action,
           float* log_density) const override;
  /// Without noise alone.
  void backward(const float* output, int64_t rows, const float* noise, const float* action_gradient,
                float log_density_gradient, float* output_gradient) const override;
  Draw act(const Tensor& output, const Tensor& noise) const override;

 private:
  float deviation_, limit_;
};

/// a = middle + half range * tanh(mlp(s)); `noise` in units of the half range times `exploration`.
class DeterministicPolicy : public NetworkPolicy<Policy> {
 public:
  DeterministicPolicy(const TaskSpec& spec, const PolicyNetworkConfig& config, double exploration,
                      RandomStream& random);

  const DeterministicHead& head() const override { return head_; }
  std::string torchscript(const TaskSpec& task) const override;

 private:
  double exploration_;
  DeterministicHead head_;
};

}  // namespace reverie
