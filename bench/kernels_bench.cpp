// The kernels at published shapes, beside this machine's own peak: oneDNN's product of 1024^3.
#include <reverie/core/random.h>
#include <reverie/core/workers.h>
#include <reverie/nn/ensemble.h>
#include <reverie/nn/kernels/mlp.h>
#include <reverie/nn/kernels/small_gemm.h>

#include <benchmark/benchmark.h>

namespace reverie {
namespace {

void report(benchmark::State& state, double flop) {
  state.counters["GFLOP/s"] =
      benchmark::Counter(flop * static_cast<double>(state.iterations()),
                         benchmark::Counter::kIsRate, benchmark::Counter::kIs1000);
}

void peak_product(benchmark::State& state) {
  prepare_thread();
  constexpr int64_t n = 1024;
  const std::vector<float> a(n * n, 0.5f), b(n * n, 0.25f);
  std::vector<float> c(n * n);
  for (auto _ : state)
    small_gemm(Op::plain, Op::plain, n, n, n, a.data(), b.data(), 0.0f, c.data());
  report(state, 2.0 * n * n * n);
}
BENCHMARK(peak_product);

/// Arguments: rows, whether the backward pass and an Adam step follow.
void mlp(benchmark::State& state) {
  prepare_thread();
  const int64_t rows = state.range(0);
  const bool train = state.range(1) != 0;
  const MlpShape shape{{23, 512, 512, 17}, Activation::relu, false};
  RandomStream random(1, "bench");
  Ensemble ensemble(1, shape, random);
  const Tensor x = random.normal({rows, 23}), cotangent = random.normal({rows, 17});
  kernels::MlpPass pass(shape, rows);
  std::vector<float> gradient(static_cast<size_t>(shape.effective_count()));
  for (auto _ : state) {
    const float* weights = ensemble.effective().data_ptr<float>();
    benchmark::DoNotOptimize(pass.forward(weights, x.data_ptr<float>(), rows));
    if (!train) continue;
    pass.backward(weights, x.data_ptr<float>(), rows, cotangent.data_ptr<float>(), gradient.data());
    ensemble.step(0, gradient.data(), 1e-3);
  }
  const double product = 2.0 * static_cast<double>(rows) * (23 * 512 + 512 * 512 + 512 * 17);
  report(state, train ? 3 * product : product);
}
BENCHMARK(mlp)->ArgNames({"rows", "train"})->Args({20, 0})->Args({40, 0})->Args({200, 0});
BENCHMARK(mlp)->ArgNames({"rows", "train"})->Args({256, 1})->Args({500, 1});

}  // namespace
}  // namespace reverie
