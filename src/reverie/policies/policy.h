// The policy: a function from observations to actions, with one flat vector of parameters.
#pragma once

#include <reverie/core/tensor.h>
#include <reverie/envs/task.h>

#include <string>

namespace reverie {

class Archive;

/// Functions take the parameters explicitly, as [p] or one row for each of g groups [g, p], so that
/// modified copies of one policy are evaluated in one batch: observations are [n, o] or [g, n, o].
class Policy {
 public:
  virtual ~Policy() = default;

  virtual int64_t observation_size() const = 0;
  virtual int64_t action_size() const = 0;

  virtual const Tensor& parameters() const = 0;  ///< [p]
  /// Throws NonFiniteError (leaving the parameters unchanged) or std::invalid_argument.
  virtual void set_parameters(const Tensor& parameters) = 0;
  virtual void to(torch::Device device) = 0;

  /// Returns actions at `observation`, given standard normal `noise` of their shape; undefined: the
  /// policy's mode. Differentiable in all three.
  virtual Tensor act(const Tensor& parameters, const Tensor& observation,
                     const Tensor& noise) const = 0;
  /// Returns the log-densities of `action`: [n] or [g, n]. Differentiable.
  virtual Tensor log_prob(const Tensor& parameters, const Tensor& observation,
                          const Tensor& action) const = 0;

  /// Returns the policy as the bytes of a TorchScript file that Python's torch can load, with
  /// `forward(obs [n, o]) -> action [n, a]`, the mode, and `sample(obs)`. Actions are in the units
  /// of the task's actuators and within their range, given as `action_low` and `action_high` [a].
  virtual std::string torchscript(const TaskSpec& task) const = 0;

  virtual void serialize(Archive& archive) = 0;
};

}  // namespace reverie
