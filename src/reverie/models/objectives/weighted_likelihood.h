// Maximum likelihood on weighted transitions.
#pragma once

#include <reverie/core/settings.h>
#include <reverie/models/objectives/likelihood.h>

namespace reverie {

/// What weights of transitions do in a fit.
enum class Weigh {
  sampling,  ///< They are the probabilities with which a fit draws its rows.
  loss,      ///< Each row's loss is multiplied by its own.
};
std::vector<std::string> setting_names(Weigh);

/// The likelihood (see Likelihood) of transitions, each as important as its weight. Both ways to
/// weigh minimise the same expectation: drawing by weight spends no minibatch on rows that hardly
/// count, weighing the loss shows every row in every epoch. Derived classes say what the weights
/// are, before each fit.
class WeightedLikelihood : public Likelihood {
 public:
  explicit WeightedLikelihood(Weigh weigh) : weigh_(weigh) {}

  Tensor sampling() const override { return weigh_ == Weigh::sampling ? weights_ : Tensor(); }

  Tensor loss(const Prediction& prediction, const Tensor& target,
              const Tensor& index) const override;
  double loss_and_gradient(const Tensor& mean, const Tensor& target, const Tensor& index,
                           Tensor& gradient) const override;
  double head_loss_and_gradient(const HeadShape& head, const Tensor& raw, const Tensor& bounds,
                                const Tensor& target, const Tensor& index, Tensor& gradient,
                                Tensor* bounds_gradient) const override;
  Tensor losses(const Prediction& prediction, const Tensor& target,
                const Tensor& index) const override;
  Tensor losses_and_gradient(const Tensor& mean, const Tensor& target, const Tensor& index,
                             Tensor& gradient) const override;

 protected:
  /// Sets the weights [n] of the coming fit's rows, up to a factor. Undefined, or none above 0: all
  /// alike. Throws NonFiniteError.
  void set_weights(const Tensor& weights);
  const Tensor& weights() const { return weights_; }  ///< [n], of mean 1, or undefined

 private:
  bool weighs_the_loss() const { return weigh_ == Weigh::loss && weights_.defined(); }

  Weigh weigh_;
  Tensor weights_;
};

}  // namespace reverie
