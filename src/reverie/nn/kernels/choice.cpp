#include <reverie/nn/kernels/choice.h>

#include <atomic>

namespace reverie::kernels {
namespace {

std::atomic<int> forced{0};  // of the whole process: worker threads must choose as their caller

}  // namespace

bool serve(const Tensor& tensor) {
  return tensor.is_cpu() && tensor.scalar_type() == torch::kFloat32 && forced == 0;
}

ForceTorch::ForceTorch() {
  ++forced;
}
ForceTorch::~ForceTorch() {
  --forced;
}

}  // namespace reverie::kernels
