#include <reverie/nn/kernels/small_gemm.h>

#ifdef REVERIE_HAVE_ONEDNN
#include <oneapi/dnnl/dnnl.h>
#else
#include <algorithm>
#endif

namespace reverie {

#ifdef REVERIE_HAVE_ONEDNN

void small_gemm(Op op_a, Op op_b, int64_t m, int64_t n, int64_t k, const float* a, const float* b,
                float beta, float* c) {
  const bool ta = op_a == Op::transposed, tb = op_b == Op::transposed;
  dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', m, n, k, 1.0f, a, ta ? m : k, b, tb ? k : n, beta, c,
             n);
}

#else

void small_gemm(Op op_a, Op op_b, int64_t m, int64_t n, int64_t k, const float* a, const float* b,
                float beta, float* c) {
  const int64_t a_row = op_a == Op::plain ? k : 1, a_column = op_a == Op::plain ? 1 : m;
  if (beta == 0.0f) std::fill(c, c + m * n, 0.0f);
  for (int64_t i = 0; i < m; ++i) {
    float* row = c + i * n;
    if (op_b == Op::plain) {
      for (int64_t l = 0; l < k; ++l) {
        const float scale = a[i * a_row + l * a_column];
        for (int64_t j = 0; j < n; ++j) row[j] += scale * b[l * n + j];
      }
    } else {
      for (int64_t j = 0; j < n; ++j) {
        float sum = 0.0f;
        for (int64_t l = 0; l < k; ++l) sum += a[i * a_row + l * a_column] * b[j * k + l];
        row[j] += sum;
      }
    }
  }
}

#endif

}  // namespace reverie
