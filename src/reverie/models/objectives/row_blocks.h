// Functions of many rows, a block of rows at a time.
#pragma once

#include <reverie/core/tensor.h>

namespace reverie {

/// Concatenates `block(first, count)` over the blocks of `rows` rows: what networks hold of so many
/// stays in the cache.
template <class Block>
Tensor by_row_blocks(int64_t rows, const Block& block) {
  constexpr int64_t kRows = 2048;
  std::vector<Tensor> parts;
  for (int64_t first = 0; first < rows; first += kRows)
    parts.push_back(block(first, std::min(kRows, rows - first)));
  return torch::cat(parts);
}

}  // namespace reverie
