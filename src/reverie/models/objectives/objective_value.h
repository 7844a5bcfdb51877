// The value of a state, as objectives that care for it see it.
#pragma once

#include <reverie/values/policy_evaluation.h>

namespace reverie {

class Critic;
class Policy;
struct FitContext;

/// V_k(s) = Q_k(s, pi(s)) by each head k of the agent's critic and the policy's mode, where the fit
/// has both; otherwise one head of its own, fitted to the data by temporal differences (see
/// PolicyEvaluation), which is the value of those who collected the data.
class ObjectiveValue {
 public:
  ObjectiveValue(int64_t observation_size, const EvaluationConfig& config, double discount,
                 RandomStream random, torch::Device device);

  /// Takes over the critic and policy of the fit that is about to begin, for as long as it lasts.
  /// Without a critic, fits its own value to the data's newest rows, where `refit` says so or it
  /// has never been, and records "objective/value_error" (see PolicyEvaluation::fit). Throws
  /// UsageError where there is a critic but no policy.
  void prepare(const FitContext& context, bool refit);

  /// Returns [K, n] at states [n, o]. Differentiable in the states. For several threads at once.
  Tensor operator()(const Tensor& state) const;

  /// Returns dV_k/ds at states [n, o] with the action held fixed: [K, n, o].
  Tensor gradients(const Tensor& state) const;

  void serialize(Archive& archive);

 private:
  Tensor action(const Tensor& state) const;
  Tensor values(const Tensor& state, const Tensor& action) const;

  int64_t window_;
  PolicyEvaluation own_;
  bool fitted_ = false;
  const Critic* critic_ = nullptr;
  const Policy* policy_ = nullptr;
};

}  // namespace reverie
