// Elementary functions as straight-line arithmetic, so that the compiler vectorises loops over
// them.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace reverie {

/// exp(x) with a relative error below 3e-7 for |x| <= 87, beyond which it stays constant; NaN stays
/// NaN. x = n ln 2 + r with |r| <= ln(2) / 2, and exp(x) = 2^n exp(r). Takes a scalar or a SIMD
/// vector; `Bits` is the type of its 32-bit words.
template <class Bits, class Number>
inline Number exp_by_bits(Number x) {
  const Number limit = Number{} + 87.0f;
  const Number below = x > limit ? limit : x, y = below < -limit ? -limit : below;
  // Adding 1.5 * 2^23 rounds to an integer, held in the low bits.
  const Number round = Number{} + 12582912.0f;
  const Number shifted = y * 1.44269504089f + round;
  const Number n = shifted - round;
  const Number r = (y - n * 0.693145752f) - n * 1.42860677e-6f;  // ln 2 in two parts
  // The Taylor series to r^7: its remainder is below 2e-8 of r.
  Number p = Number{} + 1.0f / 5040.0f;
  p = p * r + 1.0f / 720.0f;
  p = p * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r;
  const Bits exponent = std::bit_cast<Bits>(shifted) - std::bit_cast<Bits>(round);
  const auto scale = std::bit_cast<Number>(Bits((exponent + 127u) << 23u));
  return scale * p + scale;
}
inline float fast_exp(float x) {
  return exp_by_bits<uint32_t>(x);
}

/// tanh(x) with a relative error below 3e-7 (4e-7 without FMA); NaN stays NaN. A quotient of
/// polynomials, divided by `over`, with the minimax coefficients of Eigen
/// (Core/MathFunctionsImpl.h, ptanh_float). Takes a scalar or a SIMD vector.
template <class Number, class Quotient>
inline Number tanh_by_quotient(Number x, const Quotient& over) {
  // Beyond this the result is 1, at most 2.7e-7 too large.
  const Number limit = Number{} + 7.90531110763549805f;
  const Number below = limit < x ? limit : x, y = below < -limit ? -limit : below;
  const Number square = y * y;
  Number odd = Number{} - 2.76076847742355e-16f;
  odd = odd * square + 2.00018790482477e-13f;
  odd = odd * square - 8.60467152213735e-11f;
  odd = odd * square + 5.12229709037114e-08f;
  odd = odd * square + 1.48572235717979e-05f;
  odd = odd * square + 6.37261928875436e-04f;
  odd = odd * square + 4.89352455891786e-03f;
  Number even = Number{} + 1.19825839466702e-06f;
  even = even * square + 1.18534705686654e-04f;
  even = even * square + 2.26843463243900e-03f;
  even = even * square + 4.89352518554385e-03f;
  return over(y * odd, even);
}
inline float fast_tanh(float x) {
  return tanh_by_quotient(x, [](float dividend, float divisor) { return dividend / divisor; });
}

/// log(x) of a positive normal number, with an absolute error below 1.5e-7 max(1, |log x|). x = 2^n
/// m with m between sqrt(1/2) and sqrt(2), and log m = 2 atanh((m - 1) / (m + 1)).
inline float fast_log(float x) {
  constexpr uint32_t half_root = 0x3f3504f3u;  // sqrt(1/2)
  const uint32_t shifted = std::bit_cast<uint32_t>(x) - half_root;
  const auto n = static_cast<float>(static_cast<int32_t>(shifted) >> 23);
  const float m = std::bit_cast<float>((shifted & 0x007fffffu) + half_root);
  const float s = (m - 1.0f) / (m + 1.0f), square = s * s;
  float p = 2.0f / 9.0f;
  p = p * square + 2.0f / 7.0f;
  p = p * square + 2.0f / 5.0f;
  p = p * square + 2.0f / 3.0f;
  p = p * square + 2.0f;
  return n * 0.693147181f + s * p;
}

/// cos and sin of 2 pi u for u from 0 to 1, with an absolute error below 2e-7: Taylor series within
/// an eighth of a turn of the nearest quarter turn.
struct CosSin {
  float cos, sin;
};
inline CosSin fast_turn(float u) {
  constexpr float round = 12582912.0f;  // as in fast_exp
  const float shifted = 4.0f * u + round;
  const float x = (u - 0.25f * (shifted - round)) * 6.2831853f, square = x * x;
  float s = 1.0f / 362880.0f;
  s = s * square - 1.0f / 5040.0f;
  s = s * square + 1.0f / 120.0f;
  s = s * square - 1.0f / 6.0f;
  s = x + x * square * s;
  float c = 1.0f / 40320.0f;
  c = c * square - 1.0f / 720.0f;
  c = c * square + 1.0f / 24.0f;
  c = c * square - 0.5f;
  c = 1.0f + square * c;
  // A quarter turn takes (cos, sin) to (-sin, cos), and half a turn changes both signs.
  const uint32_t quarter = std::bit_cast<uint32_t>(shifted);
  const bool odd = (quarter & 1u) != 0;
  const uint32_t cos_sign = ((quarter + 1u) & 2u) << 30, sin_sign = (quarter & 2u) << 30;
  return {std::bit_cast<float>(std::bit_cast<uint32_t>(odd ? s : c) ^ cos_sign),
          std::bit_cast<float>(std::bit_cast<uint32_t>(odd ? c : s) ^ sin_sign)};
}

}  // namespace reverie
