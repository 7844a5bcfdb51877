#include <reverie/nn/kernels/small_mlps.h>

#include <algorithm>

namespace reverie::kernels {

SmallMlps::SmallMlps(const std::vector<int64_t>& sizes, const float* parameters, int64_t count,
                     int64_t stride)
    : sizes_(sizes) {
  int64_t widest = 0;
  for (size_t l = 1; l < sizes.size(); ++l) {
    set_size_ += (sizes[l - 1] + 1) * padded(sizes[l]);
    widest = std::max(widest, padded(sizes[l]));
  }
  for (auto& hidden : hidden_) hidden.resize(static_cast<size_t>(kRows * widest));
  weights_.resize(static_cast<size_t>(count * set_size_));
  float* to = weights_.data();
  for (int64_t set = 0; set < count; ++set) {
    const float* from = parameters + set * stride;
    for (size_t l = 1; l < sizes.size(); ++l) {
      const int64_t in = sizes[l - 1], out = sizes[l];
      for (int64_t j = 0; j < out; ++j)
        for (int64_t i = 0; i < in; ++i) to[i * padded(out) + j] = from[j * in + i];
      std::copy_n(from + in * out, out, to + in * padded(out));
      from += (in + 1) * out;
      to += (in + 1) * padded(out);
    }
  }
}

}  // namespace reverie::kernels
