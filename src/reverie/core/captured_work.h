// Work that is run repeatedly on the same tensors: on CUDA, on request, as a CUDA graph.
#pragma once

#include <torch/types.h>

#include <functional>
#include <memory>
#include <string>

namespace reverie {

namespace cuda_graphs {

/// Whether this program can capture CUDA graphs (REVERIE_CUDA_GRAPHS, README.md, 'On a GPU').
bool built();
/// Describes whether they are available.
std::string description();

/// Switches the capture of CUDA work on or off for the whole process; initially off. Throws
/// UsageError where it is wanted but not built in.
void use(bool wanted);
/// Whether work on `device` is captured, so that its tensors must keep their addresses.
bool used(torch::Device device);

/// While an instance exists, `used` also returns true for the CPU, where work is simply called.
/// Lets tests exercise the code that graphs need without a CUDA device.
class Emulate {
 public:
  Emulate();
  ~Emulate();
  Emulate(const Emulate&) = delete;
  Emulate& operator=(const Emulate&) = delete;
};

}  // namespace cuda_graphs

/// Work that reads and writes the same tensors, at the same addresses, each time, never waits for a
/// result from the device, and never branches on anything that differs between runs. Where `used`
/// is false, or on the CPU, a run is a plain call. Otherwise the first runs are calls too
/// (libraries initialise themselves), the next records the kernels that a call launches, and later
/// runs launch them all at once. The recording must not outlive its tensors.
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
