// Ascent along a pathwise gradient, through model and reward.
#pragma once

#include <reverie/core/settings.h>
#include <reverie/imagination/pathwise.h>
#include <reverie/improvers/adam.h>

namespace reverie {

struct PathwiseConfig {
  double learning_rate = 1e-3;
  double clip_norm = 10.0;
  bool stochastic = false;
  double discount = 1.0;
  int64_t truncation = 0;
  double memory = 1.0;

  void describe(Settings& settings);
  /// Options of the gradient; the horizon is the imagination's.
  PathwiseOptions options() const;
};

/// Adam on the policy's parameters, with the gradients of each layer's weights, of its biases and
/// of the log standard deviations each clipped to a norm (thanard/me-trpo, optimize_policy:
/// tf.clip_by_norm).
class Pathwise {
 public:
  explicit Pathwise(const PathwiseConfig& config) : config_(config), adam_(config.learning_rate) {}

  /// Takes a step along `gradient` [p]. Returns the gradient's norm before clipping. Throws
  /// NonFiniteError where a number is not finite; the policy stays as it was.
  double ascend(GaussianPolicy& policy, const Tensor& gradient);

  void serialize(Archive& archive) { adam_.serialize(archive); }

 private:
  PathwiseConfig config_;
  VectorAdam adam_;
};

}  // namespace reverie
