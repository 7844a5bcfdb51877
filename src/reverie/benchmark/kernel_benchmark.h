// How fast the hot kernels run here, beside what the machine can do at most.
#pragma once

#include <reverie/nn/kernels/precision.h>

#include <functional>
#include <string>
#include <vector>

namespace reverie::benchmark {

/// A piece of work to be timed.
struct Kernel {
  std::string name;
  std::string precision = "f32";
  double flop = 0;   ///< Of its matrix products, one run; nothing else is counted.
  double steps = 0;  ///< Imagined steps, fitted rows or policy rows of one run.
  std::function<void()> run;
  /// The same through libtorch's own operations, written the plain way.
  std::function<void()> torch;
};

/// What was measured: medians of several runs, the peak's between the kernel's.
struct KernelSpeed {
  std::string kernel, precision;
  int threads = 1;
  double gflops = 0;
  double peak_gflops = 0;   ///< oneDNN's f32 product of 1024^3, one on each thread.
  double torch_gflops = 0;  ///< Libtorch's plain way, with as many threads.
  double steps_per_second = 0;

  double fraction_of_peak() const { return gflops / peak_gflops; }
};

/// A kernel at one shape, made when it is its turn: the workloads are large.
struct KernelEntry {
  std::string name;
  std::function<Kernel(Precision)> make;
};

/// The kernels of Reverie at the shapes of the published methods and of our MB-MPO.
const std::vector<KernelEntry>& benchmark_kernels();

/// Runs the peak and the kernel in turn, `rounds` times, then libtorch's way three times, on as
/// many threads as there are workers.
KernelSpeed measure(const Kernel& kernel, int rounds);

/// Seconds of the phases of one MB-MPO iteration at the published setting: 20 tasks of 50 imagined
/// rollouts, 200 steps each, before and after the adaptation, for 30 meta-steps of TRPO.
struct IterationSpeed {
  struct Phase {
    std::string name;
    bool kernel;  ///< Whether the phase is one of the kernels.
    double seconds;
  };
  std::vector<Phase> phases;
  int64_t meta_steps = 30;
  int64_t meta_steps_measured = 0;  ///< The phases' seconds are scaled from so many.

  double seconds() const;
  double kernel_fraction() const;
};
IterationSpeed measure_iteration(int64_t meta_steps_measured);

}  // namespace reverie::benchmark
