// Many small MLPs, with a few rows each: the policies acting in imagined rollouts.
#pragma once

#include <cstdint>
#include <vector>

namespace reverie::kernels {

/// Forward passes of tanh MLPs with a linear last layer, one shape and several sets of parameters.
/// With 32 units and a few rows, a product costs less than a library call. Allocates nothing after
/// construction; one thread at a time. A row's result depends, to the bit, on that row alone. The
/// torch counterpart is `GaussianPolicy::distribution` under autograd.
class SmallMlps {
 public:
  /// `sizes`: input, hidden …, output. `parameters`: `count` sets, `stride` numbers apart, each
  /// holding weight [out, in] and bias [out] of every layer in order. They are copied.
  SmallMlps(const std::vector<int64_t>& sizes, const float* parameters, int64_t count,
            int64_t stride);

  /// Computes output [rows, out] from input [rows, in] with parameter set `index`.
  void forward(int64_t index, const float* input, int64_t rows, float* output);

 private:
  static constexpr int64_t kRows = 10;  ///< Maximum passed through all layers together.
  static constexpr int64_t kTileRows = 4, kColumns = 16;  ///< Of a register tile.
  static int64_t padded(int64_t width) { return (width + kColumns - 1) / kColumns * kColumns; }

  template <int rows>
  void forward_rows(const float* weights, const float* input, float* output);

  const std::vector<int64_t> sizes_;
  int64_t set_size_ = 0;
  std::vector<float> weights_;  ///< Each set's layers as [in + 1, padded out], the bias last.
  std::vector<float> hidden_[2];
};

}  // namespace reverie::kernels
