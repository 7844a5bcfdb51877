#include <reverie/nn/kernels/precision.h>

#include <fmt/core.h>

#include <atomic>

#ifdef REVERIE_HAVE_ONEDNN
#include <oneapi/dnnl/dnnl.hpp>
#endif

// GFLOP/s on one thread: an imagination's by f32, by bf16x3, a fit's by f32, by bf16x3. Found when
// the build was configured (cmake/precision_probe.cpp); 0 where nobody measured.
#ifndef REVERIE_PRECISION_SPEEDS
#define REVERIE_PRECISION_SPEEDS 0, 0, 0, 0
#endif

namespace reverie::kernels {
namespace {

#ifdef REVERIE_HAVE_ONEDNN
// Instruction sets are numbered so that one contains the bits of those it extends.
bool has(dnnl::cpu_isa isa) {
  const auto bits = static_cast<unsigned>(isa);
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & bits) == bits;
}
#endif

struct Speeds {
  double f32, bf16x3;
};
Speeds measured(Use use) {
  constexpr double speeds[] = {REVERIE_PRECISION_SPEEDS};
  return use == Use::inference ? Speeds{speeds[0], speeds[1]} : Speeds{speeds[2], speeds[3]};
}

std::atomic<Precision> assumed{Precision::automatic};
std::vector<Precision> assumed_before;  // by those that live around the innermost

}  // namespace

bool has_bf16_unit() {
#ifdef REVERIE_HAVE_ONEDNN
  static const bool found = has(dnnl::cpu_isa::avx512_core_bf16);
  return found;
#else
  return false;
#endif
}

std::string bf16_description() {
#ifdef REVERIE_HAVE_ONEDNN
  if (has(dnnl::cpu_isa::avx512_core_amx)) return "on AMX";
  if (has_bf16_unit()) return "by AVX512_BF16";
#endif
  return "emulated (no AVX512_BF16 or AMX, or no oneDNN that knows it)";
}

Precision resolved(Precision precision, Use use) {
  if (precision != Precision::automatic) return precision;
  if (assumed.load() != Precision::automatic) return assumed;
  const Speeds speeds = measured(use);
  return has_bf16_unit() && speeds.bf16x3 > speeds.f32 ? Precision::bf16x3 : Precision::f32;
}

std::string auto_description(Use use) {
  const char* name = resolved(Precision::automatic, use) == Precision::f32 ? "f32" : "bf16x3";
  const Speeds speeds = measured(use);
  if (!has_bf16_unit() || speeds.f32 == 0) return name;
  return fmt::format("{} (when built, one thread: f32 {:.0f} GFLOP/s, bf16x3 {:.0f})", name,
                     speeds.f32, speeds.bf16x3);
}

AssumeFastest::AssumeFastest(Precision precision) {
  assumed_before.push_back(assumed.exchange(precision));
}
AssumeFastest::~AssumeFastest() {
  assumed = assumed_before.back();
  assumed_before.pop_back();
}

}  // namespace reverie::kernels
