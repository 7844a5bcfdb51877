// Contiguous columns in batches of rows.
#pragma once

#include <reverie/core/tensor.h>

#include <vector>

namespace reverie {

struct Columns {
  int64_t first = 0;
  int64_t count = 0;
};

/// Returns these columns of rows [n, …] as a view [n, count].
inline Tensor take(const Tensor& rows, const Columns& columns) {
  return rows.slice(1, columns.first, columns.first + columns.count);
}

/// Returns the columns of several stretches (at least one) side by side.
inline Tensor take(const Tensor& rows, const std::vector<Columns>& stretches) {
  if (stretches.size() == 1) return take(rows, stretches[0]);
  std::vector<Tensor> parts;
  for (const Columns& columns : stretches) parts.push_back(take(rows, columns));
  return torch::cat(parts, 1);
}

}  // namespace reverie
