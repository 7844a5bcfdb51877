// By vectors of 16 numbers. Elsewhere: small_mlps_vectors.cpp.
#include <reverie/nn/kernels/tiles.h>

#ifdef REVERIE_TILES

#include <reverie/nn/kernels/small_mlps.h>

#include <algorithm>

namespace reverie::kernels {

void SmallMlps::forward(int64_t index, const float* input, int64_t rows, float* output) {
  for (int64_t row = 0; row < rows; row += kRows) {
    const int64_t count = std::min(kRows, rows - row);
    const float* weights = weights_.data() + index * set_size_;
    const float* from = input + row * sizes_.front();
    int64_t stride = sizes_.front();
    for (size_t l = 1; l < sizes_.size(); ++l) {
      const int64_t in = sizes_[l - 1], out = padded(sizes_[l]);
      const tiles::Factors factors[] = {{from, stride, 1, weights, out, in}};
      float* to = hidden_[l % 2].data();
      const auto write = [&](const auto& activation) {
        tiles::product(count, out, factors, weights + in * out,
                       [&](int64_t r, int64_t column, int64_t lanes, tiles::Vector z) {
                         tiles::store(to + r * out + column, lanes, activation(z));
                       });
      };
      if (l + 1 == sizes_.size())
        write([](tiles::Vector z) { return z; });
      else
        write([](tiles::Vector z) { return tiles::tanh(z); });
      weights += (in + 1) * out;
      from = to;
      stride = out;
    }
    for (int64_t r = 0; r < count; ++r)
      std::copy_n(from + r * stride, sizes_.back(), output + (row + r) * sizes_.back());
  }
}

}  // namespace reverie::kernels

#endif
