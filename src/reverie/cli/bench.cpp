#include <reverie/bench/environment_benchmark.h>
#include <reverie/bench/kernel_benchmark.h>
#include <reverie/cli/commands.h>
#include <reverie/core/error.h>
#include <reverie/core/json.h>
#include <reverie/core/workers.h>
#include <reverie/nn/kernels/small_gemm.h>
#include <reverie/runs/run_folder.h>

#include <fmt/core.h>

#include <algorithm>

namespace reverie::cli {
namespace {

using benchmark::EnvironmentSpeed;
using benchmark::IterationSpeed;
using benchmark::KernelSpeed;

constexpr int kRounds = 7;
constexpr int64_t kMetaSteps = 3;
constexpr const char* kIteration = "mb-mpo-iteration";
constexpr const char* kEnvironments = "environments";
constexpr int kBlocks = 21;

bool chosen(const BenchOptions& options, const std::string& name) {
  return options.kernels.empty() ||
         std::any_of(options.kernels.begin(), options.kernels.end(),
                     [&](const auto& part) { return name.find(part) != std::string::npos; });
}

void require_known(const BenchOptions& options) {
  for (const auto& part : options.kernels) {
    bool known = false;
    std::string names = fmt::format("{}, {}", kEnvironments, kIteration);
    for (const std::string name : {kEnvironments, kIteration})
      known = known || name.find(part) != std::string::npos;
    for (const auto& entry : benchmark::benchmark_kernels()) {
      known = known || entry.name.find(part) != std::string::npos;
      names += ", " + entry.name;
    }
    if (!known)
      throw UsageError(fmt::format("no kernel has '{}' in its name; there are {}", part, names));
  }
}

Json to_json(const KernelSpeed& speed) {
  return {{"kernel", speed.kernel},
          {"precision", speed.precision},
          {"threads", speed.threads},
          {"gflops", speed.gflops},
          {"peak_gflops", speed.peak_gflops},
          {"fraction_of_peak", speed.fraction_of_peak()},
          {"steps_per_second", speed.steps_per_second},
          {"torch_gflops", speed.torch_gflops}};
}

void print(const KernelSpeed& speed) {
  fmt::print("{:<30} {:<7} {:7.1f} GFLOP/s  {:4.0f}% of {:.1f}  {:>10.0f} steps/s  torch {:6.1f}\n",
             speed.kernel, speed.precision, speed.gflops, 100 * speed.fraction_of_peak(),
             speed.peak_gflops, speed.steps_per_second, speed.torch_gflops);
  std::fflush(stdout);
}

void print(const IterationSpeed& speed) {
  fmt::print(
      "\none MB-MPO iteration as published (12 M imagined steps, {} TRPO steps; scaled from {}):"
      " {:.1f} s, {:.0f}% of it in kernels, without fit and collection\n",
      speed.meta_steps, speed.meta_steps_measured, speed.seconds(), 100 * speed.kernel_fraction());
  for (const auto& phase : speed.phases)
    fmt::print("  {:<25} {:8.2f} s  {}\n", phase.name, phase.seconds, phase.kernel ? "kernel" : "");
}

Json to_json(const EnvironmentSpeed& speed) {
  return {{"task", speed.task},
          {"environments", speed.environments},
          {"threads", speed.threads},
          {"physics_on_one", speed.physics_on_one},
          {"pool_on_one", speed.pool_on_one},
          {"physics_on_all", speed.physics_on_all},
          {"pool_on_all", speed.pool_on_all},
          {"overhead", speed.overhead},
          {"scaling", speed.scaling}};
}

void print(const EnvironmentSpeed& speed) {
  fmt::print(
      "{:<17} {:>4} one thread {:>7.0f} steps/s of mj_step's {:>7.0f}: overhead {:4.1f}%   {} "
      "threads {:>7.0f} of {:>7.0f}: {:.2f} times one\n",
      speed.task, speed.environments, speed.pool_on_one, speed.physics_on_one, 100 * speed.overhead,
      speed.threads, speed.pool_on_all, speed.physics_on_all, speed.scaling);
  std::fflush(stdout);
}

}  // namespace

int bench(const BenchOptions& options) {
  require_known(options);
  if (options.json && options.kernels == std::vector<std::string>{kIteration})
    throw UsageError(fmt::format("--json prints kernels; {} has a table only", kIteration));
  set_worker_count(static_cast<int>(options.threads));
  if (!options.json)
    fmt::print("{}, {} threads; peak: {}'s f32 product of 1024^3, measured beside each kernel\n\n",
               host_description(), worker_count(), kernels::description());
  Json json = Json::array();
  const auto report = [&](const auto& speed) {
    if (options.json)
      json.push_back(to_json(speed));
    else
      print(speed);
  };
  for (const auto& entry : benchmark::benchmark_kernels()) {
    if (!chosen(options, entry.name)) continue;
    report(measure(entry.make(options.precision), kRounds));
  }
  if (chosen(options, kEnvironments)) {
    if (!options.json) fmt::print("\nreal environments, so many side by side\n");
    using Shape = std::pair<const char*, int64_t>;
    for (const auto& [task, count] : {Shape{"gym/half-cheetah", 32},
                                      {"gym/half-cheetah", 256},
                                      {"gym/hopper", 256},
                                      {"gym/ant", 32},
                                      {"gym/ant", 256},
                                      {"gym/humanoid", 128}}) {
      report(benchmark::measure_environment(task, count, worker_count(), kBlocks));
    }
  }
  if (options.json) {
    fmt::print("{}\n", json_text(json));
    return 0;
  }
  if (chosen(options, kIteration)) print(benchmark::measure_iteration(kMetaSteps));
  return 0;
}

}  // namespace reverie::cli
