// The policy: a function from observations to actions, with one flat vector of parameters.
#pragma once

#include <reverie/core/tensor.h>
#include <reverie/envs/task.h>

#include <memory>
#include <string>
#include <vector>

namespace reverie {

class Archive;

/// Several policies acting by CPU kernels, for rows that advance together on one thread.
class RowPolicy {
 public:
  virtual ~RowPolicy() = default;

  /// Writes the actions [rows, a] of policy `group` at `observation` [rows, o], given standard
  /// normal `noise` [rows, a]; null: the policy's mode.
  virtual void act(int64_t group, const float* observation, int64_t rows, const float* noise,
                   float* action) = 0;
};

/// Several policies acting side by side on any device, step by step: the counterpart of RowPolicy.
class BatchPolicy {
 public:
  virtual ~BatchPolicy() = default;

  /// Prepares standard normal `noise` [steps, g, n, a] (zeros: the mode) for `act`, in place and
  /// for all steps at once.
  virtual void prepare(Tensor& /*noise*/) const {}
  /// Replaces prepared noise [g, n, a] in `action` by the actions at `input` [g, n, o + 1], which
  /// are observations followed by a 1.
  virtual void act(const Tensor& input, Tensor& action) = 0;
};

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
  /// The lengths, in order, of the variables in the parameters: each layer's weights, its biases,
  /// ….
  virtual std::vector<int64_t> variables() const = 0;

  /// Returns actions at `observation`, given standard normal `noise` of their shape; undefined: the
  /// policy's mode. Differentiable in all three.
  virtual Tensor act(const Tensor& parameters, const Tensor& observation,
                     const Tensor& noise) const = 0;
  /// The policies `parameters` [g, p] for imaginations: with kernels, for up to `capacity` rows at
  /// a time, and on the parameters' device, for n rows each. Both act as `act` does.
  virtual std::unique_ptr<RowPolicy> by_rows(const Tensor& parameters, int64_t capacity) const = 0;
  virtual std::unique_ptr<BatchPolicy> by_batch(const Tensor& parameters, int64_t n) const;

  /// Returns the policy as the bytes of a TorchScript file that Python's torch can load, with
  /// `forward(obs [n, o]) -> action [n, a]`, the mode, and `sample(obs)`. Actions are in the units
  /// of the task's actuators and within their range, given as `action_low` and `action_high` [a].
  virtual std::string torchscript(const TaskSpec& task) const = 0;

  virtual void serialize(Archive& archive) = 0;
};

/// A policy whose actions have a density.
class StochasticPolicy : public Policy {
 public:
  /// Returns the log-densities of `action`: [n] or [g, n]. Differentiable.
  virtual Tensor log_prob(const Tensor& parameters, const Tensor& observation,
                          const Tensor& action) const = 0;
};

}  // namespace reverie
