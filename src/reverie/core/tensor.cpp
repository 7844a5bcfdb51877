#include <reverie/core/tensor.h>

#include <reverie/core/error.h>

namespace reverie {

void require_finite(const Tensor& tensor, std::string_view what) {
  if (tensor.numel() == 0) return;
  // A sum is finite only if every term is; it can overflow, so a bad one is looked at closely.
  if (std::isfinite(tensor.detach().sum().item<double>())) return;
  if (torch::isfinite(tensor).all().item<bool>()) return;
  throw NonFiniteError(fmt::format("NaN or infinity in {}", what));
}

void require_shape(const Tensor& tensor, std::initializer_list<int64_t> sizes,
                   std::string_view name) {
  bool same = tensor.dim() == static_cast<int64_t>(sizes.size());
  int64_t i = 0;
  for (const int64_t size : sizes) {
    if (!same) break;
    same = size < 0 || tensor.size(i) == size;
    ++i;
  }
  if (!same)
    throw std::invalid_argument(fmt::format("{} has sizes [{}], expected [{}]", name,
                                            fmt::join(tensor.sizes(), ", "),
                                            fmt::join(sizes, ", ")));
}

}  // namespace reverie
