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

/// How weights are drawn at first.
enum class FirstWeights {
  xavier,            ///< Uniform within ± sqrt(6 / (in + out)).
  truncated_normal,  ///< Of deviation 1 / (2 sqrt(in)), cut at two deviations (Chua et al. 2018).
};
std::vector<std::string> setting_names(FirstWeights);

/// The parameters of K members as one block [K, p], with Adam's moments. Members are independent
/// and may be trained or evaluated in parallel.
class Ensemble {
 public:
  /// Draws weights independently for each member; biases are zero. With weight normalisation the
  /// lengths start at |V|, so the function is the same.
  Ensemble(int64_t members, MlpShape shape, RandomStream& random,
           FirstWeights init = FirstWeights::xavier);

  int64_t members() const { return parameters_.size(0); }
  const MlpShape& shape() const { return shape_; }
  const Tensor& parameters() const { return parameters_; }  ///< [K, p]
  const Tensor& effective() const { return effective_; }    ///< [K, e]: see MlpShape

  /// Replaces a member's parameters [p]; Adam's moments stay.
  void set_parameters(int64_t member, const Tensor& parameters);

  /// One step of Adam on one member, given dL/d(effective weights) [e]. Refreshes `effective`.
  /// Different members may be stepped from different threads at once.
  void step(int64_t member, const float* effective_gradient, double learning_rate);
  /// The same, in pieces that threads share (nn/kernels/adam.h); all pieces together make the step.
  /// After any number of such steps, `end_steps` brings the parameters up to date.
  kernels::NetworkStep begin_step(int64_t member, double learning_rate);
  void end_steps(int64_t member);

  /// Returns y [K, n, out] for x [K, n, in], with separate rows for each member. Differentiable in
  /// x and `effective`: the torch counterpart of kernels::MlpPass. Without `effective`, works on
  /// any device.
  Tensor forward(const Tensor& x) const { return forward(layers(parameters_), x); }
  Tensor forward(const Tensor& effective, const Tensor& x) const;

  // The path for any device, by torch alone (ensemble_torch.cpp). It is independent of the kernels'
  // layout of `effective`, which is used on the CPU only.

  /// Moves the parameters and Adam's moments.
  void to(torch::Device device);
  torch::Device device() const { return parameters_.device(); }

  /// A layer of all members: effective weights [K, in, out], biases [K, 1, out].
  struct Layer {
    Tensor weight, bias;
  };
  /// Returns the layers given by `parameters` [K, p]. Differentiable.
  std::vector<Layer> layers(const Tensor& parameters) const;
  Tensor forward(const std::vector<Layer>& layers, const Tensor& x) const;

  /// Returns the parameters and moments of some members, to be trained together: the ensemble's own
  /// tensors for all members in order, otherwise copies. `put_back` stores them after some steps of
  /// Adam, and is needed in either case, since it counts the steps.
  AdamRows rows(const std::vector<int64_t>& members) const;
  void put_back(const std::vector<int64_t>& members, const AdamRows& rows, int64_t steps);
  /// The number of steps each of `members` has made.
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
