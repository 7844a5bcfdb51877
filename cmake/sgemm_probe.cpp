// Prints the speed of the BLAS that libtorch would call and of oneDNN, in GFLOP/s on one thread,
// for a product of 384^3; 0 where there is no such BLAS. Run once, when the build is configured.
#include <dlfcn.h>
#include <omp.h>
#include <oneapi/dnnl/dnnl.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

constexpr int n = 384;

template <class Product>
double gflops(const Product& product) {
  double best = 1e9;
  for (int i = 0; i < 12; ++i) {
    const auto began = std::chrono::steady_clock::now();
    product();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - began;
    if (i > 1) best = std::min(best, taken.count());  // the first ones make ready
  }
  return 2.0 * n * n * n / best / 1e9;
}

}  // namespace

int main() {
  // Before libraries are loaded that read it: one thread, as Reverie holds them to.
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  omp_set_num_threads(1);
  const std::vector<float> a(n * n, 0.5f), b(n * n, 0.25f);
  std::vector<float> c(n * n);
  const float one = 1.0f, zero = 0.0f;
  double blas = 0;
  using Sgemm = void (*)(const char*, const char*, const int*, const int*, const int*, const float*,
                         const float*, const int*, const float*, const int*, const float*, float*,
                         const int*);
  if (void* library = dlopen("libblas.so.3", RTLD_NOW | RTLD_LOCAL))
    if (auto sgemm = reinterpret_cast<Sgemm>(dlsym(library, "sgemm_")))
      blas = gflops([&] {
        sgemm("N", "N", &n, &n, &n, &one, a.data(), &n, b.data(), &n, &zero, c.data(), &n);
      });
  const double onednn = gflops(
      [&] { dnnl_sgemm('N', 'N', n, n, n, one, a.data(), n, b.data(), n, zero, c.data(), n); });
  std::printf("%.0f;%.0f", blas, onednn);
}
