#include <reverie/core/error.h>
#include <reverie/core/settings.h>
#include <reverie/nn/kernels/precision.h>

#include <c10/core/Device.h>
#include <fmt/core.h>

namespace reverie {

std::vector<std::string> setting_names(Precision) {
  return {"auto", "f32", "bf16x3", "bf16"};
}

void kernels::check_device(Precision precision, const c10::Device& device,
                           const std::string& setting) {
  if (device.is_cpu() || precision == Precision::automatic || precision == Precision::f32) return;
  throw UsageError(fmt::format("'{}' = {} is for products on the CPU; on {} use auto or f32",
                               setting, setting_name(precision), device.str()));
}

}  // namespace reverie
