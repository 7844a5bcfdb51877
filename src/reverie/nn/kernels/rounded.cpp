#include <reverie/nn/kernels/rounded.h>

#include <reverie/nn/kernels/bf16_products.h>
#include <reverie/nn/kernels/small_gemm.h>
#include <reverie/nn/mlp_shape.h>

#include <atomic>
#include <bit>

namespace reverie::kernels {
namespace {

std::atomic<int> emulated{0};

/// The upper half of a float, rounded to nearest, ties to even; NaN stays NaN.
inline uint16_t to_bf16(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  return static_cast<uint16_t>(x != x ? (bits >> 16) | 0x40u : rounded);
}
inline float from_bf16(uint16_t half) {
  return std::bit_cast<float>(static_cast<uint32_t>(half) << 16);
}

inline void store(uint16_t half, uint16_t* to) {
  *to = half;
}
inline void store(uint16_t half, float* to) {
  *to = from_bf16(half);
}

/// The number rounded, or what that leaves of it.
template <bool low>
inline uint16_t part_of(float x) {
  const uint16_t high = to_bf16(x);
  if constexpr (low) return to_bf16(x - from_bf16(high));
  return high;
}

template <bool low, class T>
void convert(int64_t count, int64_t columns, const float* from, int64_t from_stride, T* to,
             int64_t stride) {
  for (int64_t i = 0; i < count; ++i)
    for (int64_t j = 0; j < columns; ++j)
      store(part_of<low>(from[i * from_stride + j]), to + i * stride + j);
}

}  // namespace

RoundedMatrix::RoundedMatrix(Precision precision, Side side, Sums sums, int64_t rows,
                             int64_t columns)
    : precision_(precision), side_(side), sums_(sums), rows_(rows), columns_(columns) {
  stride_ = row_stride(sums == Sums::columns ? parts() * columns : columns);
  const auto size = static_cast<size_t>((sums == Sums::rows ? parts() * rows : rows) * stride_);
  if (has_bf16_unit() && emulated == 0)
    halves_.resize(size);
  else
    floats_.resize(size);
}

template <class T>
void RoundedMatrix::write_to(T* numbers, int64_t first, int64_t count, const float* from,
                             int64_t stride) const {
  for (int64_t part = 0; part < parts(); ++part) {
    const int64_t at = sums_ == Sums::columns ? first * stride_ + part * columns_
                                              : (part * rows_ + first) * stride_;
    // High, high, low of a left factor meet high, low, high of a right one.
    if (part == (side_ == Side::left ? 2 : 1))
      convert<true>(count, columns_, from, stride, numbers + at, stride_);
    else
      convert<false>(count, columns_, from, stride, numbers + at, stride_);
  }
}

void RoundedMatrix::write(int64_t first, int64_t count, const float* from, int64_t stride) {
  if (halves_.empty())
    write_to(floats_.data(), first, count, from, stride);
  else
    write_to(halves_.data(), first, count, from, stride);
}

#ifdef REVERIE_HAVE_ONEDNN

void RoundedMatrix::pack(int64_t rows) {
  if (!halves_.empty()) Bf16Products::of_this_thread().pack(*this, rows);
}

#else

struct RoundedMatrix::Packed {};
void RoundedMatrix::pack(int64_t) {}

#endif

void product(const RoundedMatrix& a, int64_t first, int64_t count, const RoundedMatrix& b, float* c,
             int64_t c_stride) {
#ifdef REVERIE_HAVE_ONEDNN
  if (!a.halves_.empty()) {
    Bf16Products::of_this_thread().run(a, first, count, b, c, c_stride);
    return;
  }
#endif
  const int64_t n = b.kept(), offset = a.sums_ == Sums::rows ? first : first * a.stride_;
  small_gemm(a.sums_ == Sums::rows ? Op::transposed : Op::plain,
             b.sums_ == Sums::rows ? Op::plain : Op::transposed, count, n, b.summed(),
             a.floats_.data() + offset, a.stride_, b.floats_.data(), b.stride_, 0.0f, c, c_stride);
}

EmulateBf16::EmulateBf16() {
  ++emulated;
}
EmulateBf16::~EmulateBf16() {
  --emulated;
}

}  // namespace reverie::kernels
