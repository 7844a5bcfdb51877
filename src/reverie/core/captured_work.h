// Work that is run many times over the same tensors: on CUDA, where asked for, as a CUDA graph.
#pragma once

#include <torch/types.h>

#include <functional>
#include <memory>
#include <string>

namespace reverie {

namespace cuda_graphs {

/// Whether this program can capture CUDA graphs (REVERIE_CUDA_GRAPHS, README.md, 'On a GPU').
bool built();
/// What of them there is, in words.
std::string description();

/// Whether work on CUDA is captured from now on, in the whole process; at first it is not. Throws
/// UsageError where it is asked for and not built.
void use(bool wanted);
/// Whether work on `device` is captured: whoever runs it must keep its tensors where they are.
bool used(torch::Device device);

/// While one lives, `used` says yes for the CPU too, where work is run as it is: how tests reach
/// the code that graphs need where there is no CUDA device.
class Emulate {
 public:
  Emulate();
  ~Emulate();
  Emulate(const Emulate&) = delete;
  Emulate& operator=(const Emulate&) = delete;
};

}  // namespace cuda_graphs

/// Work that reads and writes the same tensors, at the same addresses, each time; that waits for no
/// result of the device; and that makes no choice by what differs from run to run. Where `used`
/// says no, or on the CPU, a run is a call. Otherwise the first runs are calls too (libraries set
/// themselves up), the next records the kernels that a call would start, and from then on they are
/// started all at once. What is recorded must not outlive its tensors.
class CapturedWork {
 public:
  CapturedWork(torch::Device device, std::function<void()> work);
  ~CapturedWork();
  CapturedWork(CapturedWork&&) noexcept;
  CapturedWork& operator=(CapturedWork&&) noexcept;

  void run();

 private:
  struct Graph;
  std::function<void()> work_;
  std::unique_ptr<Graph> graph_;
};

}  // namespace reverie
