// tanh as straight-line arithmetic, so that the compiler vectorises a loop over it.
#pragma once

#include <bit>
#include <cstdint>

namespace reverie {

/// tanh(x) with a relative error below 3e-7; NaN stays NaN. It is m / (m + 2) with
/// m = exp(2x) - 1 = 2^n (exp(r) - 1) + (2^n - 1), where 2x = n ln 2 + r and |r| <= ln(2) / 2.
/// Nothing cancels near 0: there n = 0 and m is the polynomial alone.
inline float fast_tanh(float x) {
  constexpr float limit = 9.1f;  // beyond it the float nearest to tanh(x) is 1
  const float y = 2.0f * (x > limit ? limit : (x < -limit ? -limit : x));
  // Adding 1.5 * 2^23 rounds to an integer, which then stands in the low bits.
  constexpr float round = 12582912.0f;
  const float shifted = y * 1.44269504089f + round;
  const float n = shifted - round;
  const float r = (y - n * 0.693145752f) - n * 1.42860677e-6f;  // ln 2 in two parts
  // The Taylor series to r^7: its remainder is below 2e-8 of r.
  float p = 1.0f / 5040.0f;
  p = p * r + 1.0f / 720.0f;
  p = p * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r;
  const uint32_t exponent = std::bit_cast<uint32_t>(shifted) - std::bit_cast<uint32_t>(round);
  const float scale = std::bit_cast<float>((exponent + 127u) << 23);
  const float m = scale * p + (scale - 1.0f);
  return m / (m + 2.0f);
}

}  // namespace reverie
