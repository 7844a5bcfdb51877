// Distractors: numbers in an observation that have nothing to do with the task.
#pragma once

#include <reverie/core/random.h>
#include <reverie/envs/env_config.h>

#include <vector>

namespace reverie {

/// Numbers that move on their own (VaGraM, mbrl/env/distractor_dimensions.py, uncorrelated). There,
/// M, P and the place to return to are drawn once per environment; here from a seed of their own,
/// so that all environments of a run share the same world.
class Distractors {
 public:
  /// Makes `env.distractors` of them.
  explicit Distractors(const EnvConfig& config);

  void reset(RandomStream& random);
  void step(RandomStream& random);

  std::vector<double>& values() { return now_; }
  const std::vector<double>& values() const { return now_; }

 private:
  std::vector<double> product(const std::vector<double>& matrix,
                              const std::vector<double>& x) const;

  Distraction kind_;
  size_t d_;
  std::vector<double> now_, map_, sine_, place_;
};

}  // namespace reverie
