// What a network's outputs say about its targets: the heads of a dynamics model.
#pragma once

#include <reverie/core/tensor.h>

#include <functional>
#include <string>
#include <vector>

namespace reverie {

enum class Head {
  deterministic,  ///< The mean alone.
  gaussian,       ///< Mean and variance of each dimension (Chua et al. 2018, appendix A.1).
  mixture,        ///< A mixture of Gaussians for each dimension (Bishop 1994).
};
std::vector<std::string> setting_names(Head);

/// Mixtures of C one-dimensional Gaussians, one for each number predicted.
struct MixtureComponents {
  Tensor mean;        ///< [n, d, C]
  Tensor variance;    ///< [n, d, C]
  Tensor log_weight;  ///< [n, d, C]: the weights sum to 1

  bool defined() const { return mean.defined(); }
};

/// One member's prediction for n transitions, in the targets' units. All heads give a mean, and all
/// but the deterministic one a variance: an objective may do with these. A mixture's are those of
/// the whole mixture, whose likelihood its components tell.
struct Prediction {
  Tensor mean;                        ///< [n, d]
  Tensor log_variance;                ///< [n, d]; undefined for a deterministic head
  MixtureComponents components = {};  ///< Of a mixture; otherwise undefined.

  /// Returns `f` of each tensor that is defined.
  Prediction each(const std::function<Tensor(const Tensor&)>& f) const;
  /// That of member `i`, where this is m members' [m, n, …].
  Prediction member(int64_t i) const;
};

/// What a head is made of. An output holds, each for d targets: means; means and log-variances; or
/// [d, C] each of means, raw variances and logits.
struct HeadShape {
  Head head = Head::deterministic;
  int64_t targets = 0;
  int64_t components = 1;  ///< C
  int64_t end = -1;        ///< The column of a learned end, or -1.

  int64_t outputs() const;
  /// Number of means among the outputs, which come first.
  int64_t means() const { return head == Head::mixture ? components * targets : targets; }
  /// What each of `members` learns beside the network's weights, as it begins: the soft bounds of a
  /// Gaussian's log-variance, lowest and highest, [K, 2, d], or the number r [K, 1, 1] of which a
  /// mixture's variances are at least softplus(r). Undefined for a deterministic head.
  Tensor first_bounds(int64_t members) const;

  /// Splits raw outputs [..., n, outputs], given one member's bounds, or several members' [K, 1,
  /// …]. An end is fitted by its squared error: where its variance may vary, likelihood takes few
  /// of the pains over the rare 1s, and in time none (Seitzer et al., "On the pitfalls of
  /// heteroscedastic uncertainty estimation", 2022). Differentiable in both.
  Prediction split(const Tensor& raw, const Tensor& bounds) const;
  /// The means [..., n, d] alone.
  Tensor mean(const Tensor& raw) const;
  /// A mixture head's components alone.
  MixtureComponents mixture(const Tensor& raw, const Tensor& bounds) const;

 private:
  Prediction gaussian(const Tensor& raw, const Tensor& bounds) const;
};

/// The negative log-likelihood of each target [..., d] under its mixture, constants included.
Tensor negative_log_likelihood(const MixtureComponents& components, const Tensor& target);

/// Draws from a prediction [..., n, d], of a mixture by its components alone, given `normal` [n, d]
/// in units of one deviation of the targets, and for a mixture `uniform` [n, d] from 0 to 1, which
/// chooses the component.
Tensor drawn(const Prediction& prediction, const Tensor& normal, const Tensor& uniform);

}  // namespace reverie
