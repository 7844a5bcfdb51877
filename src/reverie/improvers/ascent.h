// Ascent along a gradient of the return that somebody else has computed.
#pragma once

#include <reverie/core/settings.h>
#include <reverie/nn/vector_adam.h>
#include <reverie/policies/policy.h>

namespace reverie {

struct AscentConfig {
  double learning_rate = 1e-3;
  double clip_norm = 10.0;

  void describe(Settings& settings) {
    settings.add("learning_rate", learning_rate, "Adam's step size", at_least(0));
    settings.add("clip_norm", clip_norm,
                 "largest norm of the gradient of a layer's weights, or of its biases; 0: any",
                 at_least(0));
  }
};

/// Adam on the policy's parameters, with the gradient of each of its `variables` clipped to a norm
/// (thanard/me-trpo, optimize_policy: tf.clip_by_norm).
class Ascent {
 public:
  explicit Ascent(const AscentConfig& config) : config_(config), adam_(config.learning_rate) {}

  /// Takes a step along `gradient` [p]. Returns the gradient's norm before clipping. Throws
  /// NonFiniteError where a number is not finite; the policy stays as it was.
  double step(Policy& policy, const Tensor& gradient);

  void serialize(Archive& archive) { adam_.serialize(archive); }

 private:
  AscentConfig config_;
  VectorAdam adam_;
};

}  // namespace reverie
