#include <reverie/envs/variations/distractors.h>

#include <cmath>

namespace reverie {

Distractors::Distractors(const EnvConfig& config)
    : kind_(config.distraction), d_(static_cast<size_t>(config.distractors)), now_(d_) {
  RandomStream random(static_cast<uint64_t>(config.distractor_seed), "distractors");
  const auto draw = [&](std::vector<double>& values, size_t count) {
    values.resize(count);
    for (double& value : values) value = random.normal();
  };
  draw(map_, d_ * d_);
  draw(sine_, d_ * d_);
  for (double& value : sine_) value = 100 * value * value;  // their N(0, 10) squared
  draw(place_, d_);
}

void Distractors::reset(RandomStream& random) {
  for (double& value : now_) value = 0.1 * random.normal();
  step(random);  // as theirs do before the first is seen
}

void Distractors::step(RandomStream& random) {
  if (kind_ == Distraction::noise) {
    for (double& value : now_) value = random.normal();
    return;
  }
  const std::vector<double> moved = product(map_, now_);
  now_ = moved;
  if (kind_ == Distraction::sine) {
    const std::vector<double> angles = product(sine_, moved);
    for (size_t i = 0; i < d_; ++i) now_[i] += 0.1 * std::sin(angles[i]);
  }
  for (size_t i = 0; i < d_; ++i)
    if (std::abs(now_[i]) > 20) now_[i] = place_[i];
}

std::vector<double> Distractors::product(const std::vector<double>& matrix,
                                         const std::vector<double>& x) const {
  std::vector<double> y(d_);
  for (size_t i = 0; i < d_; ++i)
    for (size_t j = 0; j < d_; ++j) y[i] += matrix[d_ * i + j] * x[j];
  return y;
}

}  // namespace reverie
