// The small pieces that the kernels are made of; `reverie bench` measures the kernels whole.
#include <reverie/bench/workloads.h>
#include <reverie/core/workers.h>
#include <reverie/nn/kernels/mlp.h>
#include <reverie/nn/kernels/small_gemm.h>
#include <reverie/nn/kernels/small_mlps.h>

#include <benchmark/benchmark.h>

namespace reverie {
namespace {

using ::benchmark::State;

void report(State& state, double flop) {
  using ::benchmark::Counter;
  state.counters["FLOP/s"] =
      Counter(flop * static_cast<double>(state.iterations()), Counter::kIsRate, Counter::kIs1000);
}

void peak_product(State& state) {
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
void mlp(State& state) {
  prepare_thread();
  const int64_t rows = state.range(0);
  const bool train = state.range(1) != 0;
  auto model = benchmark::make_model(benchmark::mb_mpo_model());
  auto& ensemble = model.ensemble();
  const auto& shape = ensemble.shape();
  RandomStream random(1, "bench");
  const Tensor x = random.normal({rows, shape.input()});
  const Tensor cotangent = random.normal({rows, shape.output()});
  kernels::MlpPass pass(shape, rows);
  kernels::ReadyWeights weights(shape, rows, kernels::Use::training, Precision::f32);
  std::vector<float> gradient(static_cast<size_t>(shape.effective_count()));
  for (auto _ : state) {
    weights.read(ensemble.effective().data_ptr<float>());
    ::benchmark::DoNotOptimize(pass.forward(weights, x.data_ptr<float>(), rows));
    if (!train) continue;
    pass.backward(weights, x.data_ptr<float>(), rows, cotangent.data_ptr<float>(), gradient.data());
    ensemble.step(0, gradient.data(), 1e-3);
  }
  report(state, static_cast<double>(rows) * (train ? benchmark::training_flop(shape.sizes)
                                                   : benchmark::forward_flop(shape.sizes)));
}
BENCHMARK(mlp)->ArgNames({"rows", "train"})->Args({20, 0})->Args({40, 0})->Args({200, 0});
BENCHMARK(mlp)->ArgNames({"rows", "train"})->Args({256, 1})->Args({500, 1});

void small_policies(State& state) {
  prepare_thread();
  const int64_t rows = state.range(0);
  const auto policy = benchmark::make_policy();
  kernels::SmallMlps mlps(policy.sizes(), policy.parameters().data_ptr<float>(), 1, 0);
  const Tensor x = RandomStream(1, "bench").normal({rows, policy.observation_size()});
  Tensor mean = torch::empty({rows, policy.action_size()});
  for (auto _ : state) mlps.forward(0, x.data_ptr<float>(), rows, mean.data_ptr<float>());
  report(state, static_cast<double>(rows) * benchmark::forward_flop(policy.sizes()));
}
BENCHMARK(small_policies)->Arg(1)->Arg(20)->Arg(200);

void normals(State& state) {
  RandomStream random(1, "bench");
  std::vector<float> out(static_cast<size_t>(state.range(0)));
  for (auto _ : state) random.fill_normal(out.data(), state.range(0));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(normals)->Arg(120)->Arg(10000);

/// On one thread. Argument: whether the Fisher product, otherwise the surrogate's gradient.
void policy_calculus(State& state) {
  set_worker_count(1);
  constexpr int64_t rows = 20000;
  const auto policy = benchmark::make_policy();
  const auto batch = benchmark::random_batch(policy, rows);
  const auto old = calculus::evaluate(policy, policy.parameters(), batch);
  const Tensor v = RandomStream(1, "bench").normal({policy.parameter_count()});
  for (auto _ : state) {
    if (state.range(0) != 0)
      calculus::fisher_product(policy, policy.parameters(), batch, v);
    else
      calculus::surrogate_gradient(policy, policy.parameters(), batch, old);
  }
  state.SetItemsProcessed(state.iterations() * rows);
}
BENCHMARK(policy_calculus)->ArgName("fisher")->Arg(0)->Arg(1);

}  // namespace
}  // namespace reverie
