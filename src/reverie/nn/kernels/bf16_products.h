// Products of bfloat16 matrices on the processor's bfloat16 unit, through oneDNN. For rounded.cpp.
#pragma once

#ifdef REVERIE_HAVE_ONEDNN

#include <reverie/nn/kernels/rounded.h>

#include <oneapi/dnnl/dnnl.hpp>

#include <map>
#include <memory>
#include <tuple>

namespace reverie::kernels {

/// A matrix in the layout that oneDNN prefers; `memory` is empty where that is the plain one.
struct RoundedMatrix::Packed {
  dnnl::memory plain, memory;
  dnnl::reorder reorder;
};

/// One thread's oneDNN products: the primitives by shape, and their scratch memory. Per thread, as
/// concurrent calls of a primitive would share its scratch.
class Bf16Products {
 public:
  static Bf16Products& of_this_thread();

  /// Same as `product` in rounded.h.
  void run(const RoundedMatrix& a, int64_t first, int64_t count, const RoundedMatrix& b, float* c,
           int64_t c_stride);

  /// Reorders the matrix into the layout preferred for products of `rows` rows, determined once.
  void pack(RoundedMatrix& b, int64_t rows);

 private:
  struct Made {
    dnnl::matmul product;
    dnnl::memory a, b, c, scratch;
  };
  /// m, n, k, whether A and B are transposed, the strides of A, B and C, whether B is packed.
  using Key = std::tuple<int64_t, int64_t, int64_t, bool, bool, int64_t, int64_t, int64_t, bool>;

  static Key key_of(const RoundedMatrix& a, int64_t count, const RoundedMatrix& b, int64_t c_stride,
                    bool packed);
  std::shared_ptr<RoundedMatrix::Packed> layout(RoundedMatrix& b, int64_t rows);
  static dnnl::memory::desc right(const RoundedMatrix& b);
  dnnl::matmul::primitive_desc describe(const dnnl::memory::desc& a, const dnnl::memory::desc& b,
                                        const dnnl::memory::desc& c,
                                        const dnnl::primitive_attr& attributes);
  Made* find(const Key& key, const RoundedMatrix& right_factor);
  Made make(const Key& key, const RoundedMatrix& right_factor);

  static const dnnl::engine& shared_engine();  ///< Shared, since threads use what others packed.
  const dnnl::engine& engine_ = shared_engine();
  dnnl::stream stream_{engine_};
  std::map<Key, Made> products_;
};

}  // namespace reverie::kernels

#endif
