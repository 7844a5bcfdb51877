#include <reverie/core/device.h>
#include <reverie/core/error.h>

#include <ATen/Context.h>

#include <charconv>

namespace reverie {
namespace {

/// N of "cuda" (0) or "cuda:N".
std::optional<int> cuda_index(std::string_view name) {
  if (name == "cuda") return 0;
  constexpr std::string_view prefix = "cuda:";
  if (!name.starts_with(prefix)) return {};
  name.remove_prefix(prefix.size());
  int index = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  const bool whole = error == std::errc() && end == name.data() + name.size();
  if (!whole || index < 0 || index > 127) return {};  // torch's device indices are bytes
  return index;
}

int cuda_devices() {
  return torch::cuda::is_available() ? static_cast<int>(torch::cuda::device_count()) : 0;
}

}  // namespace

torch::Device parse_device(const std::string& name) {
  if (name == "cpu") return torch::kCPU;
  const auto index = cuda_index(name);
  if (!index)
    throw UsageError(fmt::format("'run.device' takes cpu, cuda or cuda:N, not '{}'", name));
  if (cuda_devices() == 0)
    throw UsageError(fmt::format(
        "'run.device' is {}, but there is {}: run on the cpu{}", name, cuda_description(),
        at::Context::hasCUDART()
            ? ""
            : ", or build with a libtorch that has it (README.md, 'On a GPU')"));
  if (*index >= cuda_devices())
    throw UsageError(fmt::format("'run.device' is {}, but there are only {} (cuda:0 to cuda:{})",
                                 name, cuda_description(), cuda_devices() - 1));
  return {torch::kCUDA, static_cast<torch::DeviceIndex>(*index)};
}

std::string cuda_description() {
  if (!at::Context::hasCUDART()) return "no CUDA in this libtorch";
  const int count = cuda_devices();
  if (count == 0) return "no CUDA device that this libtorch can use";
  return count == 1 ? "1 CUDA device" : fmt::format("{} CUDA devices", count);
}

}  // namespace reverie
