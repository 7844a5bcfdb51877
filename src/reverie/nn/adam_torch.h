// Adam by torch operations: the counterpart of kernels::adam_step.
#pragma once

#include <reverie/core/tensor.h>
#include <reverie/nn/kernels/adam.h>

namespace reverie {

/// Returns the factors of Adam (Kingma & Ba 2015, algorithm 1) that all parameters of a row share,
/// for the next `steps` steps of rows that have made `done` steps each: [steps, 2, m, 1] on the
/// CPU. With c the step count and a the step size they are a sqrt(1 - beta2^c) / (1 - beta1^c) and
/// epsilon sqrt(1 - beta2^c): the bias corrections of both moments, combined.
Tensor adam_factors(const std::vector<int64_t>& done, int64_t steps,
                    const kernels::AdamRates& rates);

/// Rows of parameters that are updated together, [m, p], on any device.
struct AdamRows {
  Tensor parameters, first_moment, second_moment;

  /// Makes one step in place, given the gradient [m, p] and the step's factors [2, m, 1] from
  /// `adam_factors`, on the same device. Only the decay rates of `rates` are used.
  void step(const Tensor& gradient, const Tensor& factors, const kernels::AdamRates& rates);
  /// Copies all three tensors.
  AdamRows clone() const;
  void copy_from(const AdamRows& other);
};

/// Returns `rows` of a tensor [K, …] as an index on its device; undefined where they are all K rows
/// in order.
Tensor index_of(const std::vector<int64_t>& rows, const Tensor& tensor);
/// Returns the rows `index` of the tensor, or the tensor itself where `index` is undefined.
inline Tensor pick(const Tensor& tensor, const Tensor& index) {
  return index.defined() ? tensor.index_select(0, index) : tensor;
}
/// Writes the rows returned by `pick` back.
inline void put_back(Tensor& tensor, const Tensor& index, const Tensor& picked) {
  if (index.defined()) tensor.index_copy_(0, index, picked);
}

}  // namespace reverie
