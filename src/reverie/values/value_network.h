// A value network, for improvers that learn one.
#pragma once

#include <reverie/core/settings.h>
#include <reverie/data/normaliser.h>
#include <reverie/nn/ensemble.h>

namespace reverie {

class Archive;

struct ValueConfig {
  std::vector<int64_t> hidden = {64, 64};
  double learning_rate = 1e-3;
  int64_t epochs = 5;
  int64_t batch = 64;

  void describe(Settings& settings) {
    settings.add("hidden", hidden, "units of each hidden tanh layer", at_least(1));
    settings.add("learning_rate", learning_rate, "Adam's step size", at_least(0));
    settings.add("epochs", epochs, "passes over the returns at each fit", between(1, 1e4));
    settings.add("batch", batch, "rows of a minibatch", between(1, 1e6));
  }
};

/// V(x) = std * mlp((x - mean_x) / std_x) + mean: a network fitted to returns by squared error, in
/// units of their standard deviation in the last fit. Adam's moments carry over between fits.
class ValueNetwork {
 public:
  ValueNetwork(int64_t inputs, const ValueConfig& config, RandomStream random,
               torch::Device device);

  /// Fits V(x [n, inputs]) to y [n]. Throws NonFiniteError where y or the fitted weights are not
  /// finite.
  void fit(const Tensor& x, const Tensor& y);

  /// Returns values [...] at x [..., inputs], without a gradient. 0 before the first fit.
  Tensor predict(const Tensor& x) const;

  void serialize(Archive& archive);

 private:
  ValueConfig config_;
  RandomStream random_;
  Ensemble network_;  ///< of one member
  Normaliser inputs_, outputs_;
  bool fitted_ = false;
};

}  // namespace reverie
