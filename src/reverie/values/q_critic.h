// Q networks with a slow copy: the critic of actor-critic methods.
#pragma once

#include <reverie/core/random.h>
#include <reverie/core/settings.h>
#include <reverie/nn/kernels/trained_pass.h>
#include <reverie/nn/mlp_adam.h>
#include <reverie/values/critic.h>

namespace reverie {

class Archive;

struct CriticConfig {
  int64_t members = 2;
  std::vector<int64_t> hidden = {256, 256};
  double learning_rate = 3e-4;
  double target_rate = 0.005;

  void describe(Settings& settings) {
    settings.add("members", members,
                 "Q networks, of which the smallest value counts: against overestimation",
                 between(1, 100));
    settings.add("hidden", hidden, "units of each hidden relu layer", at_least(1));
    settings.add("learning_rate", learning_rate, "Adam's step size", at_least(0));
    settings.add(
        "target_rate", target_rate,
        "how far the slow copy, of which targets are made, moves towards the critic at each "
        "step, tau",
        between(0, 1));
  }
};

/// K networks Q_k(s, a), and a copy that follows them slowly (Lillicrap et al. 2016). On the
/// critic's device.
class QCritic : public Critic {
 public:
  QCritic(int64_t observation_size, int64_t action_size, const CriticConfig& config,
          RandomStream& random, torch::Device device);

  int64_t members() const { return weights_.size(0); }
  const MlpShape& shape() const { return shape_; }
  /// Effective weights (see MlpShape) of the networks and of the slow copy: [K, e].
  const Tensor& weights() const { return weights_; }
  const Tensor& target_weights() const { return target_; }

  Tensor q(const Tensor& observation, const Tensor& action) const override;
  /// The same of the slow copy, without a gradient.
  Tensor target_q(const Tensor& observation, const Tensor& action) const;

  struct Report {
    double loss = 0;  ///< Half the mean squared error, over rows and members.
    double q = 0;     ///< The mean value.
  };
  /// One step of Adam for each member towards `target` [n] at observations [n, o] and actions
  /// [n, a]; if `follow`, the slow copy then moves. Throws NonFiniteError, leaving the weights as
  /// they are, where the loss is not finite.
  Report fit(const Tensor& observation, const Tensor& action, const Tensor& target, bool follow);

  /// Working memory of the kernels for all members, at the beginning of a pass of `rows` rows with
  /// `weights`.
  std::vector<std::unique_ptr<kernels::TrainedPass>>& begin(const Tensor& weights, int64_t rows) {
    return passes_.begin(shape_, members(), weights.data_ptr<float>(), rows);
  }

  void serialize(Archive& archive);

 private:
  Report fit_kernels(const Tensor& observation, const Tensor& action, const Tensor& target,
                     bool follow);
  Report fit_torch(const Tensor& observation, const Tensor& action, const Tensor& target,
                   bool follow);

  double target_rate_;
  MlpShape shape_;
  Tensor weights_, target_;
  MlpAdam adam_;
  kernels::TrainedPasses passes_;
  std::vector<float> input_;  ///< Of the kernels.
};

/// Writes rows (s, a) [n, o + a] to `input`, by the kernels; null actions: leaves their places.
void join_rows(const Tensor& observation, const float* action, int64_t actions,
               std::vector<float>& input);

}  // namespace reverie
