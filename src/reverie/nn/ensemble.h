// An ensemble of MLPs of one shape.
#pragma once

#include <reverie/core/random.h>
#include <reverie/nn/mlp_shape.h>

namespace reverie {

class Archive;
namespace kernels {
class NetworkStep;
}
struct AdamRows;

/// K members' parameters as one block [K, p], with Adam's moments beside it. The members are
/// independent: what trains or evaluates them may do so side by side.
class Ensemble {
 public:
  /// Xavier-uniform weights, zero biases, other numbers for each member. With weight normalisation
  /// the lengths start at |V|: the same function.
  Ensemble(int64_t members, MlpShape shape, RandomStream& random);

  int64_t members() const { return parameters_.size(0); }
  const MlpShape& shape() const { return shape_; }
  const Tensor& parameters() const { return parameters_; }  ///< [K, p]
  const Tensor& effective() const { return effective_; }    ///< [K, e]: see MlpShape

  /// One step of Adam on one member, given dL/d(effective weights) [e]. Refreshes `effective`.
  /// Different members may be stepped from different threads at once.
  void step(int64_t member, const float* effective_gradient, double learning_rate);
  /// The same, in pieces that threads share (nn/kernels/adam.h): all of them make the step. After
  /// any number of these, `end_steps` brings the parameters up to date.
  kernels::NetworkStep begin_step(int64_t member, double learning_rate);
  void end_steps(int64_t member);

  /// y [K, n, out] of x [K, n, in], each member its own rows. Differentiable in x and in
  /// `effective`: the torch twin of kernels::MlpPass. Without `effective` on any device.
  Tensor forward(const Tensor& x) const { return forward(layers(parameters_), x); }
  Tensor forward(const Tensor& effective, const Tensor& x) const;

  // The way of any device, by torch alone (ensemble_torch.cpp). It knows nothing of how the
  // kernels lay out `effective`, which is of use on the CPU only.

  /// Moves the parameters and Adam's moments.
  void to(torch::Device device);
  torch::Device device() const { return parameters_.device(); }

  /// A layer of all members: weights [K, in, out] as they are multiplied with, biases [K, 1, out].
  struct Layer {
    Tensor weight, bias;
  };
  /// The layers that `parameters` [K, p] stand for. Differentiable.
  std::vector<Layer> layers(const Tensor& parameters) const;
  Tensor forward(const std::vector<Layer>& layers, const Tensor& x) const;

  /// Parameters and moments of some members, to be trained side by side; the ensemble's own where
  /// they are all of them, else copies. `put_back` takes them in again after some steps of Adam,
  /// and is needed in either case: it counts the steps.
  AdamRows rows(const std::vector<int64_t>& members) const;
  void put_back(const std::vector<int64_t>& members, const AdamRows& rows, int64_t steps);
  /// How many steps each of them has made.
  std::vector<int64_t> steps(const std::vector<int64_t>& members) const;

  /// One step of Adam on some members, given dL/d(parameters) [members.size(), p].
  void step(const std::vector<int64_t>& members, const Tensor& gradient, double learning_rate);

  void serialize(Archive& archive);

 private:
  void refresh(int64_t member);

  MlpShape shape_;
  Tensor parameters_, effective_;
  Tensor first_moment_, second_moment_, steps_;  ///< Adam's; steps_ [K] int64
};

}  // namespace reverie
