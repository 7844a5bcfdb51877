// Adam by torch's operations: the twin of kernels::adam_step.
#pragma once

#include <reverie/nn/kernels/adam.h>

namespace reverie {

/// Parameters [K, …] whose rows are stepped on their own, some at a time, on any device.
struct RowAdam {
  Tensor& parameters;
  Tensor &first_moment, &second_moment;  ///< Like the parameters.
  Tensor& steps;                         ///< [K] int64 on the CPU: of each row.

  /// One step (Kingma & Ba 2015, algorithm 1) of `rows`, given their gradient [rows.size(), …].
  void step(const std::vector<int64_t>& rows, const Tensor& gradient,
            const kernels::AdamRates& rates);
};

/// `rows` of a tensor [K, …] as an index on its device; undefined where they are all of them, in
/// order.
Tensor index_of(const std::vector<int64_t>& rows, const Tensor& tensor);
/// Those rows of the tensor; the tensor itself where `index` is undefined.
inline Tensor pick(const Tensor& tensor, const Tensor& index) {
  return index.defined() ? tensor.index_select(0, index) : tensor;
}

}  // namespace reverie
