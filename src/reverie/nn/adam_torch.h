// Adam by torch's operations: the twin of kernels::adam_step.
#pragma once

#include <reverie/core/tensor.h>
#include <reverie/nn/kernels/adam.h>

namespace reverie {

/// What is the same for all parameters of a row in Adam's steps (Kingma & Ba 2015, algorithm 1),
/// for rows that have made `done` steps each, step by step for the next `steps`: [steps, 2, m, 1]
/// on the CPU. With c the count and a the step size these are a sqrt(1 - beta2^c) / (1 - beta1^c) and
/// epsilon sqrt(1 - beta2^c): the corrections of both moments' bias, brought together.
Tensor adam_factors(const std::vector<int64_t>& done, int64_t steps,
                    const kernels::AdamRates& rates);

/// Rows of parameters that are stepped side by side, [m, p], on any device.
struct AdamRows {
  Tensor parameters, first_moment, second_moment;

  /// One step in place, given the gradient [m, p] and the step's factors [2, m, 1] of
  /// `adam_factors`, on the same device. Of `rates` the decays count.
  void step(const Tensor& gradient, const Tensor& factors, const kernels::AdamRates& rates);
  /// Copies of all three.
  AdamRows clone() const;
  void copy_from(const AdamRows& other);
};

/// `rows` of a tensor [K, …] as an index on its device; undefined where they are all of them, in
/// order.
Tensor index_of(const std::vector<int64_t>& rows, const Tensor& tensor);
/// Those rows of the tensor; the tensor itself where `index` is undefined.
inline Tensor pick(const Tensor& tensor, const Tensor& index) {
  return index.defined() ? tensor.index_select(0, index) : tensor;
}
/// Puts what `pick` gave back.
inline void put_back(Tensor& tensor, const Tensor& index, const Tensor& picked) {
  if (index.defined()) tensor.index_copy_(0, index, picked);
}

}  // namespace reverie
