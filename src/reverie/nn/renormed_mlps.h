// MLPs with batch renormalisation before each layer.
#pragma once

#include <reverie/core/random.h>
#include <reverie/nn/mlp_shape.h>

namespace reverie {

class Archive;

/// K relu networks of one shape, in which the input of each linear layer is normalised by the batch
/// it stands in, scaled and shifted, in training, and by running statistics otherwise (Ioffe,
/// "Batch renormalization", 2017; as in adityab/CrossQ). Normalisation before a linear layer is
/// part of it once the statistics are fixed: see `folded`. By torch, on any device.
///
/// A network's parameters [p] are, layer by layer, scale [in], shift [in], weight [in, out] and
/// bias [out].
class RenormedMlps {
 public:
  /// How far a batch's statistics may differ from the running ones, and the step of these.
  static constexpr double kMostRatio = 3, kMostShift = 5, kMomentum = 0.99, kEpsilon = 1e-3;

  /// Draws Xavier-uniform weights. During the first `warm_up` training passes the batch's
  /// statistics alone count, as in batch normalisation.
  RenormedMlps(int64_t networks, MlpShape shape, int64_t warm_up, RandomStream& random,
               double output_scale, torch::Device device);

  const MlpShape& shape() const { return shape_; }
  const Tensor& parameters() const { return parameters_; }  ///< [K, p]

  /// Returns y [K, n, out] at x [K, n, in], normalised by the batch; then moves the running
  /// statistics. Differentiable in `parameters` and x.
  Tensor train(const Tensor& parameters, const Tensor& x);

  /// Returns effective weights [K, e] (see MlpShape) of plain networks that compute the same as
  /// these with the running statistics.
  Tensor folded() const;

  void serialize(Archive& archive);

 private:
  struct Layer {
    Tensor scale, shift, weight, bias;  ///< [K, 1, in] twice, [K, in, out], [K, 1, out]
  };
  std::vector<Layer> layers(const Tensor& parameters) const;
  /// Normalises x [K, n, in], the input of layer `l`.
  Tensor normalised(size_t l, const Tensor& x);

  MlpShape shape_;
  int64_t warm_up_, passes_ = 0;
  Tensor parameters_;
  std::vector<Tensor> mean_, variance_;  ///< For each layer, [K, 1, in]: running.
};

}  // namespace reverie
