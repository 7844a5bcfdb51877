// The likelihood of targets under a network's mixtures of Gaussians, with its gradient.
#pragma once

#include <reverie/nn/kernels/mixture_head.h>

#include <vector>

namespace reverie::kernels {

/// The mean negative log-likelihood, over rows and targets, and its gradients in closed form: with
/// the responsibility r_c of a component for its target, they are r_c (m_c - y) / v_c by its mean,
/// r_c (1 - (m_c - y)^2 / v_c) / (2 v_c) by its variance, and w_c - r_c by its logit (Bishop 1994).
/// Holds working memory: one thread at a time. The torch counterparts are `HeadShape::mixture` and
/// `negative_log_likelihood`.
class MixtureLoss {
 public:
  /// `end`: the target whose loss is half the squared error of the first component's mean, plus the
  /// constant; or -1.
  MixtureLoss(const MixtureHead& head, int64_t end);

  struct Value {
    double loss, floor_gradient;
  };
  /// For `raw` [rows, 3 d C] (see MixtureHead) and `target` [rows, d]; writes the loss's gradient
  /// by the former to `gradient`.
  Value operator()(const float* raw, const float* target, int64_t rows, float* gradient);

 private:
  void weigh_row(const float* raw, const float* target);
  double settle_row();
  double differentiate_row(float scale, float* gradient) const;

  MixtureHead head_;
  int64_t end_;
  // Of one row, [d C]: what is put off by the largest of its mixture before it is exponentiated.
  std::vector<float> error_, inverse_, slope_, weight_, joint_;
};

}  // namespace reverie::kernels
