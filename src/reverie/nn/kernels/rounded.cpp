#include <reverie/nn/kernels/rounded.h>
#include <reverie/nn/kernels/small_gemm.h>
#include <reverie/nn/mlp_shape.h>

#include <atomic>
#include <bit>
#include <map>
#include <tuple>

#ifdef REVERIE_HAVE_ONEDNN
#include <oneapi/dnnl/dnnl.hpp>
#endif

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

/// A matrix in the layout that oneDNN prefers: none of its own where that is plain.
struct RoundedMatrix::Packed {
  dnnl::memory plain, memory;
  dnnl::reorder reorder;
};

/// One thread's products by oneDNN: the primitives by shape, and their scratch. In two threads at
/// once a primitive's own scratch would be shared.
class Bf16Products {
 public:
  static Bf16Products& of_this_thread() {
    static thread_local Bf16Products products;
    return products;
  }

  void run(const RoundedMatrix& a, int64_t first, int64_t count, const RoundedMatrix& b, float* c,
           int64_t c_stride) {
    Made* made = nullptr;
    const auto* packed = b.packed_ && b.packed_->memory ? b.packed_.get() : nullptr;
    if (packed != nullptr) made = find(key_of(a, count, b, c_stride, true), b);
    const bool plain = made == nullptr || !made->product;
    if (plain) made = find(key_of(a, count, b, c_stride, false), b);
    const int64_t offset = a.sums_ == Sums::rows ? first : first * a.stride_;
    made->a.set_data_handle(const_cast<uint16_t*>(a.halves_.data() + offset));
    if (plain) made->b.set_data_handle(const_cast<uint16_t*>(b.halves_.data()));
    made->c.set_data_handle(c);
    const std::unordered_map<int, dnnl::memory> arguments = {
        {DNNL_ARG_SRC, made->a},
        {DNNL_ARG_WEIGHTS, plain ? made->b : packed->memory},
        {DNNL_ARG_DST, made->c},
        {DNNL_ARG_SCRATCHPAD, made->scratch}};
    made->product.execute(stream_, arguments);
    stream_.wait();
  }

  /// Brings the matrix into the layout that products of `rows` rows prefer; found out once.
  void pack(RoundedMatrix& b, int64_t rows) {
    if (!b.packed_) b.packed_ = layout(b, rows);
    if (!b.packed_->memory) return;
    b.packed_->reorder.execute(stream_, b.packed_->plain, b.packed_->memory);
    stream_.wait();
  }

 private:
  struct Made {
    dnnl::matmul product;
    dnnl::memory a, b, c, scratch;
  };
  /// m, n, k, whether A and B are transposed, the strides of A, B and C, whether B is packed.
  using Key = std::tuple<int64_t, int64_t, int64_t, bool, bool, int64_t, int64_t, int64_t, bool>;

  static Key key_of(const RoundedMatrix& a, int64_t count, const RoundedMatrix& b, int64_t c_stride,
                    bool packed) {
    return {count,     b.kept(),  b.summed(), a.sums_ == Sums::rows, b.sums_ == Sums::columns,
            a.stride_, b.stride_, c_stride,   packed};
  }

  std::shared_ptr<RoundedMatrix::Packed> layout(RoundedMatrix& b, int64_t rows) {
    using dnnl::memory;
    const memory::desc a({rows, b.summed()}, memory::data_type::bf16,
                         memory::dims{row_stride(b.summed()), 1});
    const memory::desc any({b.summed(), b.kept()}, memory::data_type::bf16,
                           memory::format_tag::any);
    const memory::desc c({rows, b.kept()}, memory::data_type::f32,
                         memory::dims{row_stride(b.kept()), 1});
    const auto wanted = describe(a, any, c, {}).weights_desc();
    auto packed = std::make_shared<RoundedMatrix::Packed>();
    // What `any` comes to where oneDNN has no layout of its own for it.
    const memory::desc dense({b.summed(), b.kept()}, memory::data_type::bf16,
                             memory::format_tag::ab);
    if (wanted == dense) return packed;
    packed->plain = memory(right(b), engine_, b.halves_.data());
    packed->memory = memory(wanted, engine_);
    packed->reorder = dnnl::reorder(packed->plain, packed->memory);
    return packed;
  }

  static dnnl::memory::desc right(const RoundedMatrix& b) {
    return {{b.summed(), b.kept()},
            dnnl::memory::data_type::bf16,
            b.sums_ == Sums::rows ? dnnl::memory::dims{b.stride_, 1}
                                  : dnnl::memory::dims{1, b.stride_}};
  }
  dnnl::matmul::primitive_desc describe(const dnnl::memory::desc& a, const dnnl::memory::desc& b,
                                        const dnnl::memory::desc& c,
                                        const dnnl::primitive_attr& attributes) {
#if DNNL_VERSION_MAJOR >= 3
    return {engine_, a, b, c, attributes};
#else
    return {dnnl::matmul::desc(a, b, c), attributes, engine_};
#endif
  }

  Made* find(const Key& key, const RoundedMatrix& right_factor) {
    if (products_.size() >= 256 && !products_.contains(key)) products_.clear();  // sizes may vary
    auto found = products_.find(key);
    if (found == products_.end()) found = products_.emplace(key, make(key, right_factor)).first;
    return &found->second;
  }

  Made make(const Key& key, const RoundedMatrix& right_factor) {
    using dnnl::memory;
    const auto [m, n, k, a_transposed, b_transposed, a_stride, b_stride, c_stride, packed] = key;
    const memory::desc a({m, k}, memory::data_type::bf16,
                         a_transposed ? memory::dims{1, a_stride} : memory::dims{a_stride, 1});
    const memory::desc b = packed ? right_factor.packed_->memory.get_desc() : right(right_factor);
    const memory::desc c({m, n}, memory::data_type::f32, memory::dims{c_stride, 1});
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    Made made;
    try {
      const auto description = describe(a, b, c, attributes);
      made.product = dnnl::matmul(description);
      made.scratch = memory(description.scratchpad_desc(), engine_);
    } catch (const dnnl::error&) {
      if (!packed) throw;
      return made;  // none for this number of rows: the plain layout does
    }
    made.a = memory(a, engine_, nullptr);
    if (!packed) made.b = memory(b, engine_, nullptr);
    made.c = memory(c, engine_, nullptr);
    return made;
  }

  static const dnnl::engine& shared_engine() {  // what one thread packs others multiply with
    static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
    return engine;
  }
  const dnnl::engine& engine_ = shared_engine();
  dnnl::stream stream_{engine_};
  std::map<Key, Made> products_;
};

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
