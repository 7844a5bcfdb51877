// Functions of many rows, a block of rows at a time.
#pragma once

#include <reverie/core/tensor.h>
#include <reverie/core/workers.h>

namespace reverie {

/// Rows of a block where there are many of them to evaluate.
constexpr int64_t kEvaluatedRows = 2048;

/// Calls `block(number, first, count)` for each block of up to `size` of the rows, on the CPU by
/// the worker threads. Each thread has a grad mode of its own.
template <class Block>
void for_row_blocks(int64_t rows, int64_t size, torch::Device device, const Block& block) {
  const int64_t blocks = (rows + size - 1) / size;
  const auto task = [&](int64_t i) { block(i, i * size, std::min(size, rows - i * size)); };
  if (device.is_cpu())
    parallel_for(blocks, task);
  else
    for (int64_t i = 0; i < blocks; ++i) task(i);
}

/// Concatenates `block(first, count)`, computed without a gradient, over blocks of `size` rows:
/// what networks hold of so many stays in the cache.
template <class Block>
Tensor by_row_blocks(int64_t rows, int64_t size, torch::Device device, const Block& block) {
  std::vector<Tensor> parts(static_cast<size_t>((rows + size - 1) / size));
  for_row_blocks(rows, size, device, [&](int64_t i, int64_t first, int64_t count) {
    const torch::NoGradGuard no_grad;
    parts[static_cast<size_t>(i)] = block(first, count);
  });
  return torch::cat(parts);
}

/// The sum of `parts` in their order.
inline Tensor in_order(const std::vector<Tensor>& parts) {
  Tensor sum = parts.front().clone();
  for (size_t i = 1; i < parts.size(); ++i) sum += parts[i];
  return sum;
}

}  // namespace reverie
