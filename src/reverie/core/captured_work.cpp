#include <reverie/core/captured_work.h>
#include <reverie/core/error.h>

#include <atomic>

#ifdef REVERIE_CUDA_GRAPHS
#include <ATen/cuda/CUDAGraph.h>
#include <c10/core/Event.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#endif

namespace reverie {
namespace cuda_graphs {
namespace {

std::atomic<bool> wanted{false};
std::atomic<int> emulated{0};  // of the whole process, as kernels::ForceTorch

}  // namespace

bool built() {
#ifdef REVERIE_CUDA_GRAPHS
  return true;
#else
  return false;
#endif
}

std::string description() {
  return built() ? "built, off unless run.cuda_graphs = true" : "not built";
}

void use(bool now) {
  if (now && !built())
    throw UsageError(
        "'run.cuda_graphs' is true, but this program was built without CUDA graphs: leave it "
        "false, or build with the CUDA runtime's headers (README.md, 'On a GPU')");
  wanted = now;
}

bool used(torch::Device device) {
  return device.is_cuda() ? wanted.load() : emulated > 0;
}

Emulate::Emulate() {
  ++emulated;
}
Emulate::~Emulate() {
  --emulated;
}

}  // namespace cuda_graphs

#ifdef REVERIE_CUDA_GRAPHS

/// The way of PyTorch's own capture (torch.cuda.graphs): calls first, then the recording, on a
/// stream beside the one in use, which is not to be the default one.
struct CapturedWork::Graph {
  explicit Graph(torch::Device on)
      : device(on), side(c10::cuda::getStreamFromPool(/*isHighPriority=*/false, on.index())) {}

  void run(const std::function<void()>& work) {
    const c10::cuda::CUDAGuard guard(device);
    const auto current = c10::cuda::getCurrentCUDAStream();
    if (!recorded) {
      follow(side, current);
      const bool called = calls < kCalls;
      beside(work, called);
      follow(current, side);
      if (called) {
        ++calls;
        return;
      }
      recorded = true;
    }
    graph.replay();
  }

 private:
  static constexpr int kCalls = 2;

  void beside(const std::function<void()>& work, bool call) {
    const c10::cuda::CUDAStreamGuard guard(side);
    if (call) return work();
    graph.capture_begin();
    try {
      work();
    } catch (...) {
      try {
        graph.capture_end();
      } catch (...) {  // the first error says more
      }
      throw;
    }
    graph.capture_end();
  }

  /// Makes what is started on `later` from now on wait for what `earlier` has been given.
  static void follow(const c10::cuda::CUDAStream& later, const c10::cuda::CUDAStream& earlier) {
    c10::Event event(torch::kCUDA);
    event.record(earlier.unwrap());
    event.block(later.unwrap());
  }

  const torch::Device device;
  const c10::cuda::CUDAStream side;
  at::cuda::CUDAGraph graph;
  int calls = 0;
  bool recorded = false;
};

#else

struct CapturedWork::Graph {
  void run(const std::function<void()>& work) { work(); }
};

#endif

CapturedWork::CapturedWork(torch::Device device, std::function<void()> work)
    : work_(std::move(work)) {
#ifdef REVERIE_CUDA_GRAPHS
  if (device.is_cuda() && cuda_graphs::used(device)) graph_ = std::make_unique<Graph>(device);
#else
  static_cast<void>(device);
#endif
}
CapturedWork::~CapturedWork() = default;
CapturedWork::CapturedWork(CapturedWork&&) noexcept = default;
CapturedWork& CapturedWork::operator=(CapturedWork&&) noexcept = default;

void CapturedWork::run() {
  if (graph_) return graph_->run(work_);
  work_();
}

}  // namespace reverie
