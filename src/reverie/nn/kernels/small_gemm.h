// The matrix product that all kernels call.
#pragma once

#include <cstdint>
#include <string>

namespace reverie {

/// Whether an operand is used as stored or transposed.
enum class Op { plain, transposed };

/// C [m, n] = op(A) op(B) + beta C, all row-major: A is stored [m, k] (or [k, m] when transposed),
/// B [k, n] (or [n, k]), with row strides `a_stride`, `b_stride` and `c_stride` in elements. beta
/// is 0 or 1; with 0, C is never read. Runs on the calling thread alone; the result is bitwise the
/// same on any thread.
void small_gemm(Op op_a, Op op_b, int64_t m, int64_t n, int64_t k, const float* a, int64_t a_stride,
                const float* b, int64_t b_stride, float beta, float* c, int64_t c_stride);

/// The same for dense matrices.
inline void small_gemm(Op op_a, Op op_b, int64_t m, int64_t n, int64_t k, const float* a,
                       const float* b, float beta, float* c) {
  small_gemm(op_a, op_b, m, n, k, a, op_a == Op::plain ? k : m, b, op_b == Op::plain ? n : k, beta,
             c, n);
}

namespace kernels {
/// Describes what the products run on: "oneDNN 2.6.0", "built-in loops (no oneDNN)".
std::string description();
}  // namespace kernels

}  // namespace reverie
