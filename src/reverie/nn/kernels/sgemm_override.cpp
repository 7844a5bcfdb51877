// libtorch's own f32 matrix product, forwarded to oneDNN.
//
// Debian's libtorch calls BLAS's `sgemm_`, and the BLAS it gets may be far from what the chip can
// do (OpenBLAS takes an AVX-512 server for a Haswell). The dynamic linker looks in the program
// first, so defining the symbol here lifts every f32 `mm` in libtorch to oneDNN's speed. This file
// is linked into executables only. Where libtorch was built with MKL it never calls this, and where
// the build found BLAS the faster of the two it is left out.
#include <atomic>

/// How often libtorch has come here: `reverie info` tells by it what libtorch multiplies with.
std::atomic<long> reverie_forwarded_products{0};

#ifdef REVERIE_FORWARD_SGEMM
#include <oneapi/dnnl/dnnl.h>

#include <cstdlib>

extern "C" __attribute__((visibility("default"))) void sgemm_(
    const char* transa, const char* transb, const int* m, const int* n, const int* k,
    const float* alpha, const float* a, const int* lda, const float* b, const int* ldb,
    const float* beta, float* c, const int* ldc) {
  reverie_forwarded_products.fetch_add(1, std::memory_order_relaxed);
  // For real numbers BLAS's 'C' is 'T'; oneDNN knows only the latter.
  const char ta = *transa == 'C' || *transa == 'c' ? 'T' : *transa;
  const char tb = *transb == 'C' || *transb == 'c' ? 'T' : *transb;
  // BLAS is column-major, oneDNN row-major: C = A B column-major is C' = B' A' row-major.
  const dnnl_status_t status =
      dnnl_sgemm(tb, ta, *n, *m, *k, *alpha, b, *ldb, a, *lda, *beta, c, *ldc);
  if (status != dnnl_success)
    std::abort();  // for arguments that BLAS aborts on as well, and out of memory
}
#endif
