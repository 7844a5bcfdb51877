// Matrices rounded to bfloat16 once, and the products of a network's passes with them.
#pragma once

#include <reverie/nn/kernels/precision.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace reverie::kernels {

/// Which factor of a product a matrix is, by which its parts meet those of the other.
enum class Side { left, right };
/// The dimension that the product sums over: along it the parts stand one after the other, so that
/// one product sums them all.
enum class Sums { rows, columns };

/// A matrix as bfloat16 numbers, one part (bf16) or three (bf16x3: the number rounded, or what that
/// leaves; the product of two such leavings is below f32's own error and left out). Floats that
/// hold such numbers where they are multiplied by emulation.
class RoundedMatrix {
 public:
  /// For up to `rows` rows.
  RoundedMatrix(Precision precision, Side side, Sums sums, int64_t rows, int64_t columns);

  RoundedMatrix(RoundedMatrix&&) = default;
  RoundedMatrix& operator=(RoundedMatrix&&) = default;

  /// How many rows there are: tells where the parts begin that stand below each other.
  void set_rows(int64_t rows) { rows_ = rows; }
  int64_t rows() const { return rows_; }
  int64_t columns() const { return columns_; }
  Precision precision() const { return precision_; }
  /// Rounds rows [first, first + count). Different rows may be written by different threads.
  void write(int64_t first, int64_t count, const float* from, int64_t stride);
  /// Lays a right factor out as oneDNN likes it best for products with `rows` rows, once for all of
  /// them. After `write`.
  void pack(int64_t rows);

 private:
  friend class Bf16Products;
  friend void product(const RoundedMatrix& a, int64_t first, int64_t count, const RoundedMatrix& b,
                      float* c, int64_t c_stride);
  template <class T>
  void write_to(T* numbers, int64_t first, int64_t count, const float* from, int64_t stride) const;
  int64_t parts() const { return precision_ == Precision::bf16 ? 1 : 3; }
  /// The dimension of a product that it shares with the other factor, and its own.
  int64_t summed() const { return parts() * (sums_ == Sums::rows ? rows_ : columns_); }
  int64_t kept() const { return sums_ == Sums::rows ? columns_ : rows_; }
  struct Packed;

  Precision precision_;
  Side side_;
  Sums sums_;
  int64_t rows_, columns_, stride_;
  std::vector<uint16_t> halves_;  ///< Where a unit multiplies them.
  std::vector<float> floats_;     ///< Elsewhere.
  std::shared_ptr<Packed> packed_;
};

/// C [count, n] = rows [first, first + count) of op(A) times op(B). op transposes where the sums
/// are over A's rows or B's columns. Keeps scratch memory for each thread; sums are kept in f32.
void product(const RoundedMatrix& a, int64_t first, int64_t count, const RoundedMatrix& b, float* c,
             int64_t c_stride);

/// While it lives bfloat16 is emulated, in matrices made meanwhile: for tests.
class EmulateBf16 {
 public:
  EmulateBf16();
  ~EmulateBf16();
  EmulateBf16(const EmulateBf16&) = delete;
  EmulateBf16& operator=(const EmulateBf16&) = delete;
};

}  // namespace reverie::kernels
