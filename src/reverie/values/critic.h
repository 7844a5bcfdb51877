// The critic: values of state-action pairs, learned off-policy.
#pragma once

#include <reverie/core/tensor.h>

namespace reverie {

/// K networks Q_k(s, a), the expected discounted return of taking a in s and then following the
/// policy.
class Critic {
 public:
  virtual ~Critic() = default;

  /// Returns Q_k at observations [n, o] and actions [n, a]: [K, n]. Differentiable in both.
  virtual Tensor q(const Tensor& observation, const Tensor& action) const = 0;
};

}  // namespace reverie
