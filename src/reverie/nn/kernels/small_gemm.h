// The one matrix product that the policy kernels call.
#pragma once

#include <cstdint>

namespace reverie {

/// Whether an operand is used as stored or transposed.
enum class Op { plain, transposed };

/// C [m, n] = op(A) op(B) + beta C, all row-major and dense: A is stored [m, k] (or [k, m] when
/// transposed), B [k, n] (or [n, k]). beta is 0 or 1; with 0, what C held is never read. Runs on
/// the calling thread alone, and gives the same bits whichever thread that is.
void small_gemm(Op op_a, Op op_b, int64_t m, int64_t n, int64_t k, const float* a, const float* b,
                float beta, float* c);

}  // namespace reverie
