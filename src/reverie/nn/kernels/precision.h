// The precision of matrix products.
#pragma once

#include <reverie/core/tensor.h>
#include <reverie/nn/kernels/small_gemm.h>

#include <string>
#include <vector>

namespace reverie {

/// How the operands of a product are rounded; sums are always kept in f32.
enum class Precision {
  automatic,  ///< The fastest that learns as well as f32 here; see `resolved`.
  f32,
  bf16x3,  ///< Each number as the sum of two bfloat16: the error is about that of f32.
  bf16,    ///< Each number as one bfloat16: 8 bits of fraction.
};
std::vector<std::string> setting_names(Precision);

namespace kernels {

/// Whether products of bfloat16 run on units of their own here (Intel's AMX, by oneDNN). Elsewhere
/// they are f32 products of rounded numbers: the same results but for the order of sums, and no
/// gain in speed.
bool has_bf16_unit();

/// Throws UsageError where `setting` asks for rounded products on a device that has none of them:
/// all but the CPU.
void check_device(Precision precision, const torch::Device& device, const std::string& setting);

/// What `automatic` stands for on this machine; others stand for themselves.
Precision resolved(Precision precision);

/// C [m, n] = op(A) op(B) as `small_gemm` with beta = 0, the operands rounded to `precision`. Keeps
/// scratch memory for each thread.
void product(Precision precision, Op op_a, Op op_b, int64_t m, int64_t n, int64_t k, const float* a,
             int64_t a_stride, const float* b, int64_t b_stride, float* c, int64_t c_stride);

}  // namespace kernels
}  // namespace reverie
