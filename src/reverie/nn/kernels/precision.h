// The precision of matrix products.
#pragma once

#include <string>
#include <vector>

namespace c10 {
struct Device;
}

namespace reverie {

/// How the operands of a product are rounded; sums are always kept in f32.
enum class Precision {
  automatic,  ///< The fastest on this machine that learns as well as f32; see `resolved`.
  f32,
  bf16x3,  ///< Each number as the sum of two bfloat16: the error is about that of f32.
  bf16,    ///< Each number as one bfloat16: 8 bits of fraction.
};
std::vector<std::string> setting_names(Precision);

namespace kernels {

/// What a pass through a network is for.
enum class Use { training, inference };

/// Whether oneDNN has bfloat16 instructions to use here (Intel's AMX, AVX512_BF16). Elsewhere
/// products are emulated in f32 on rounded numbers: the same results up to summation order, with no
/// gain in speed.
bool has_bf16_unit();
/// Describes that unit: "on AMX", "by AVX512_BF16", "emulated (…)".
std::string bf16_description();

/// Throws UsageError where `setting` asks for rounded products on a device without them: any but
/// the CPU.
void check_device(Precision precision, const c10::Device& device, const std::string& setting);

/// Resolves `automatic` for this machine; returns other values unchanged. Of f32 and bf16x3, which
/// learn equally well (docs/results.md), picks the one measured faster for this use when the
/// program was built, and f32 on a machine without the unit.
Precision resolved(Precision precision, Use use);
/// Describes that choice: "f32 (when built, one thread: f32 250 GFLOP/s, bf16x3 90)".
std::string auto_description(Use use);

/// While an instance exists, `automatic` resolves to `precision`, as on another machine: for tests.
class AssumeFastest {
 public:
  explicit AssumeFastest(Precision precision);
  ~AssumeFastest();
  AssumeFastest(const AssumeFastest&) = delete;
  AssumeFastest& operator=(const AssumeFastest&) = delete;
};

}  // namespace kernels
}  // namespace reverie
