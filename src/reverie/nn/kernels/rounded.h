// Matrices rounded to bfloat16 once, and their products in a network's passes.
#pragma once

#include <reverie/nn/kernels/precision.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace reverie::kernels {

/// Which factor of a product a matrix is; determines the order of its parts.
enum class Side { left, right };
/// The dimension that the product sums over: the parts are concatenated along it, so that one
/// product sums them all.
enum class Sums { rows, columns };

/// A matrix of bfloat16 numbers, in one part (bf16) or three (bf16x3: the rounded number or the
/// rounding residual; the product of two residuals is below f32's own error and left out). Stored
/// as floats holding such numbers where products are emulated.
class RoundedMatrix {
 public:
  /// For up to `rows` rows.
  RoundedMatrix(Precision precision, Side side, Sums sums, int64_t rows, int64_t columns);

  RoundedMatrix(RoundedMatrix&&) = default;
  RoundedMatrix& operator=(RoundedMatrix&&) = default;

  /// Sets the number of rows, which determines where vertically stacked parts begin.
  void set_rows(int64_t rows) { rows_ = rows; }
  int64_t rows() const { return rows_; }
  int64_t columns() const { return columns_; }
  Precision precision() const { return precision_; }
  /// Rounds rows [first, first + count). Different rows may be written by different threads.
  void write(int64_t first, int64_t count, const float* from, int64_t stride);
  /// Packs a right factor in oneDNN's preferred layout for products with `rows` rows, once for all
  /// of them. Call after `write`.
  void pack(int64_t rows);

 private:
  friend class Bf16Products;
  friend void product(const RoundedMatrix& a, int64_t first, int64_t count, const RoundedMatrix& b,
                      float* c, int64_t c_stride);
  template <class T>
  void write_to(T* numbers, int64_t first, int64_t count, const float* from, int64_t stride) const;
  int64_t parts() const { return precision_ == Precision::bf16 ? 1 : 3; }
  /// The matrix's sizes in a product: summed over (shared with the other factor), and kept.
  int64_t summed() const { return parts() * (sums_ == Sums::rows ? rows_ : columns_); }
  int64_t kept() const { return sums_ == Sums::rows ? columns_ : rows_; }
  struct Packed;

  Precision precision_;
  Side side_;
  Sums sums_;
  int64_t rows_, columns_, stride_;
  std::vector<uint16_t> halves_;  ///< With a bfloat16 unit.
  std::vector<float> floats_;     ///< Without one.
  std::shared_ptr<Packed> packed_;
};

/// C [count, n] = rows [first, first + count) of op(A) times op(B). op transposes where the sums
/// are over A's rows or B's columns. Keeps scratch memory per thread; sums are in f32.
void product(const RoundedMatrix& a, int64_t first, int64_t count, const RoundedMatrix& b, float* c,
             int64_t c_stride);

/// While an instance exists, matrices are created with emulated bfloat16: for tests.
class EmulateBf16 {
 public:
  EmulateBf16();
  ~EmulateBf16();
  EmulateBf16(const EmulateBf16&) = delete;
  EmulateBf16& operator=(const EmulateBf16&) = delete;
};

}  // namespace reverie::kernels
