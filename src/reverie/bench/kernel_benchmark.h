// Measures how fast the hot kernels run here, compared with the machine's peak.
#pragma once

#include <reverie/nn/kernels/precision.h>

#include <functional>
#include <string>
#include <vector>

namespace reverie::benchmark {

/// A workload to be timed.
struct Kernel {
  std::string name;
  std::string precision = "f32";
  double flop = 0;   ///< Of the matrix products alone, per run.
  double steps = 0;  ///< Imagined steps, fitted rows or policy rows per run.
  std::function<void()> run;
  /// The same with libtorch's own operations, written plainly.
  std::function<void()> torch;
};

/// Measured speeds: medians of several runs, with peak and kernel runs interleaved.
struct KernelSpeed {
  std::string kernel, precision;
  int threads = 1;
  double gflops = 0;
  double peak_gflops = 0;   ///< oneDNN's f32 product of 1024^3, one per thread.
  double torch_gflops = 0;  ///< The libtorch version, with as many threads.
  double steps_per_second = 0;

  double fraction_of_peak() const { return gflops / peak_gflops; }
};

/// A kernel at one shape, built only when its turn comes: the workloads are large.
struct KernelEntry {
  std::string name;
  std::function<Kernel(Precision)> make;
};

/// Reverie's kernels at the shapes of the published methods and of our MB-MPO.
const std::vector<KernelEntry>& benchmark_kernels();

/// Runs the peak and the kernel in turn, `rounds` times, then the libtorch version three times,
/// with as many threads as there are workers.
KernelSpeed measure(const Kernel& kernel, int rounds);

/// Seconds per phase of one MB-MPO iteration at the published setting: 30 meta-steps of TRPO with
/// 20 tasks of 50 imagined rollouts, 200 steps each, before and after the adaptation.
struct IterationSpeed {
  struct Phase {
    std::string name;
    bool kernel;  ///< Whether the phase is one of the kernels.
    double seconds;
  };
  std::vector<Phase> phases;
  int64_t meta_steps = 30;
  int64_t meta_steps_measured = 0;  ///< The phases' seconds are scaled up from these.

  double seconds() const;
  double kernel_fraction() const;
};
IterationSpeed measure_iteration(int64_t meta_steps_measured);

}  // namespace reverie::benchmark
