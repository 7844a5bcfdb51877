// How a network's outputs become actions within a task's range.
#pragma once

#include <reverie/envs/task.h>

namespace reverie {

/// Actions [n, a] and the logarithms [n] of their densities (undefined: they have none).
struct Draw {
  Tensor action, log_density;
};

/// Maps the outputs of a policy's network, and noise, to actions: u = tanh(…) in -1..1, scaled to
/// the task's range. Densities are those of u: they do not depend on the units of the actions, and
/// are what the entropy of SAC refers to.
class ActionHead {
 public:
  explicit ActionHead(const TaskSpec& spec);
  virtual ~ActionHead() = default;

  int64_t action_size() const { return static_cast<int64_t>(middle_.size()); }
  virtual int64_t outputs() const = 0;
  /// log of the volume of the range, in units of that of -1..1: a density of u minus this is that
  /// of the action.
  double log_volume() const;

  // By kernels, for rows [rows, …]; each row's results depend on that row alone. `noise` is
  // standard normal [rows, a]; null: none.

  /// Writes actions [rows, a] and, unless null, log densities [rows].
  virtual void act(const float* output, int64_t rows, const float* noise, float* action,
                   float* log_density) const = 0;
  /// Writes dL/d(outputs), given dL/d(action) [rows, a] and dL/d(log density), which is the same
  /// for all rows.
  virtual void backward(const float* output, int64_t rows, const float* noise,
                        const float* action_gradient, float log_density_gradient,
                        float* output_gradient) const = 0;

  /// The same by torch, differentiable: `output` is [..., outputs]; undefined noise: none.
  virtual Draw act(const Tensor& output, const Tensor& noise) const = 0;

 protected:
  /// u in -1..1 in the range's units, by torch.
  Tensor scaled(const Tensor& u) const;
  /// The inverse.
  Tensor unscaled(const Tensor& action) const;

  std::vector<float> middle_, half_;
};

}  // namespace reverie
