// Stretches of columns in batches of rows.
#pragma once

#include <reverie/core/tensor.h>

namespace reverie {

struct Columns {
  int64_t first = 0;
  int64_t count = 0;
};

/// Those columns of rows [n, …], as a view [n, count].
inline Tensor take(const Tensor& rows, const Columns& columns) {
  return rows.slice(1, columns.first, columns.first + columns.count);
}

}  // namespace reverie
