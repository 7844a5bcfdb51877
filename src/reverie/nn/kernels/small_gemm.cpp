#include <reverie/nn/kernels/small_gemm.h>

#include <reverie/core/error.h>

#include <fmt/core.h>

#ifdef REVERIE_HAVE_ONEDNN
#include <oneapi/dnnl/dnnl.h>
#else
#include <algorithm>
#endif

namespace reverie {

#ifdef REVERIE_HAVE_ONEDNN

void small_gemm(Op op_a, Op op_b, int64_t m, int64_t n, int64_t k, const float* a, int64_t a_stride,
                const float* b, int64_t b_stride, float beta, float* c, int64_t c_stride) {
  const dnnl_status_t status =
      dnnl_sgemm(op_a == Op::transposed ? 'T' : 'N', op_b == Op::transposed ? 'T' : 'N', m, n, k,
                 1.0f, a, a_stride, b, b_stride, beta, c, c_stride);
  if (status != dnnl_success)
    throw Error(fmt::format("oneDNN refused a product of {} x {} x {} (status {}): out of memory?",
                            m, k, n, static_cast<int>(status)));
}

std::string kernels::description() {
  const auto* version = dnnl_version();
  return "oneDNN " + std::to_string(version->major) + "." + std::to_string(version->minor) + "." +
         std::to_string(version->patch);
}

#else

void small_gemm(Op op_a, Op op_b, int64_t m, int64_t n, int64_t k, const float* a, int64_t a_stride,
                const float* b, int64_t b_stride, float beta, float* c, int64_t c_stride) {
  const int64_t a_row = op_a == Op::plain ? a_stride : 1;
  const int64_t a_column = op_a == Op::plain ? 1 : a_stride;
  for (int64_t i = 0; i < m; ++i) {
    float* row = c + i * c_stride;
    if (beta == 0.0f) std::fill(row, row + n, 0.0f);
    if (op_b == Op::plain) {
      for (int64_t l = 0; l < k; ++l) {
        const float scale = a[i * a_row + l * a_column];
        for (int64_t j = 0; j < n; ++j) row[j] += scale * b[l * b_stride + j];
      }
    } else {
      for (int64_t j = 0; j < n; ++j) {
        float sum = 0.0f;
        for (int64_t l = 0; l < k; ++l) sum += a[i * a_row + l * a_column] * b[j * b_stride + l];
        row[j] += sum;
      }
    }
  }
}

std::string kernels::description() {
  return "built-in loops (no oneDNN)";
}

#endif

}  // namespace reverie
