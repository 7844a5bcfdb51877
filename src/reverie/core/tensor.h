// The tensor type used throughout, and a few helpers that libtorch lacks.
#pragma once

#include <torch/types.h>

#include <string_view>

namespace reverie {

using torch::Tensor;

/// Throws NonFiniteError "NaN or infinity in `what`" where `tensor` contains one. `what` names the
/// quantity and the place, e.g. "the loss of member 3 in epoch 2".
void require_finite(const Tensor& tensor, std::string_view what);

/// Throws std::invalid_argument unless `tensor` has the given sizes; -1 matches any.
void require_shape(const Tensor& tensor, std::initializer_list<int64_t> sizes,
                   std::string_view name);

}  // namespace reverie
