#include <reverie/core/error.h>
#include <reverie/core/settings.h>
#include <reverie/nn/kernels/precision.h>
#include <reverie/nn/mlp_shape.h>

#include <fmt/core.h>

#include <bit>
#include <cmath>
#include <map>
#include <tuple>

#ifdef REVERIE_HAVE_ONEDNN
#include <oneapi/dnnl/dnnl.hpp>
#endif

namespace reverie {

std::vector<std::string> setting_names(Precision) {
  return {"auto", "f32", "bf16x3", "bf16"};
}

namespace kernels {
namespace {

/// The upper half of a float, rounded to nearest, ties to even; NaN stays NaN.
inline uint16_t to_bf16(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  return static_cast<uint16_t>(x != x ? (bits >> 16) | 0x40u : rounded);
}
inline float from_bf16(uint16_t half) {
  return std::bit_cast<float>(static_cast<uint32_t>(half) << 16);
}

/// Which part of a number stands where along the summed dimension. The high parts' product and the
/// two mixed ones are summed; that of the low parts is below f32's own error.
enum class Part { high, low };
struct Parts {
  int64_t count;
  Part of_a[3], of_b[3];
};
Parts parts_of(Precision precision) {
  if (precision == Precision::bf16) return {1, {Part::high}, {Part::high}};
  return {3, {Part::high, Part::high, Part::low}, {Part::high, Part::low, Part::high}};
}

template <Part part>
inline uint16_t part_of(float x) {
  const uint16_t high = to_bf16(x);
  if constexpr (part == Part::high) return high;
  return to_bf16(x - from_bf16(high));
}

inline void store(uint16_t half, uint16_t* to) {
  *to = half;
}
inline void store(uint16_t half, float* to) {
  *to = from_bf16(half);
}

template <Part part, class T>
void convert(int64_t rows, int64_t columns, const float* from, int64_t stride, T* to,
             int64_t to_stride) {
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      store(part_of<part>(from[i * stride + j]), to + i * to_stride + j);
}

/// One operand's parts, as it is stored but with the summed dimension `count` times as long: one
/// product sums them all.
template <class T>
struct Operand {
  std::vector<T> numbers;
  int64_t stride = 0;

  /// `from` is [rows, columns] as stored; the summed dimension is that of the columns, or the rows.
  void write(int64_t count, const Part* parts, bool sums_columns, int64_t rows, int64_t columns,
             const float* from, int64_t from_stride) {
    stride = row_stride(sums_columns ? count * columns : columns);
    numbers.resize(static_cast<size_t>((sums_columns ? rows : count * rows) * stride));
    for (int64_t p = 0; p < count; ++p) {
      T* to = numbers.data() + p * (sums_columns ? columns : rows * stride);
      if (parts[p] == Part::high)
        convert<Part::high>(rows, columns, from, from_stride, to, stride);
      else
        convert<Part::low>(rows, columns, from, from_stride, to, stride);
    }
  }
};

/// Operands of op(A) [m, parts k] and op(B) [parts k, n].
template <class T>
struct Operands {
  Operand<T> a, b;

  void write(const Parts& parts, Op op_a, Op op_b, int64_t m, int64_t n, int64_t k,
             const float* from_a, int64_t a_stride, const float* from_b, int64_t b_stride) {
    const bool a_plain = op_a == Op::plain, b_plain = op_b == Op::plain;
    a.write(parts.count, parts.of_a, a_plain, a_plain ? m : k, a_plain ? k : m, from_a, a_stride);
    b.write(parts.count, parts.of_b, !b_plain, b_plain ? k : n, b_plain ? n : k, from_b, b_stride);
  }
};

#ifdef REVERIE_HAVE_ONEDNN

/// One thread's bfloat16 products. A oneDNN primitive has scratch memory of its own, so that none
/// may run in two threads at once.
class Bf16Products {
 public:
  /// C [m, n] = op(A) op(B), whose summed dimension is `k` long.
  void run(Op op_a, Op op_b, int64_t m, int64_t n, int64_t k, Operands<uint16_t>& operands,
           float* c, int64_t c_stride) {
    const Key key{op_a, op_b, m, n, k, operands.a.stride, operands.b.stride, c_stride};
    if (products_.size() >= 64 && !products_.contains(key)) products_.clear();  // sizes may vary
    auto found = products_.find(key);
    if (found == products_.end()) found = products_.emplace(key, make(key)).first;
    auto& made = found->second;
    made.a.set_data_handle(operands.a.numbers.data());
    made.b.set_data_handle(operands.b.numbers.data());
    made.c.set_data_handle(c);
    made.product.execute(
        stream_, {{DNNL_ARG_SRC, made.a}, {DNNL_ARG_WEIGHTS, made.b}, {DNNL_ARG_DST, made.c}});
    stream_.wait();
  }

 private:
  struct Made {
    dnnl::matmul product;
    dnnl::memory a, b, c;
  };

  using Key = std::tuple<Op, Op, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t>;

  Made make(const Key& key) {
    using dnnl::memory;
    const auto [op_a, op_b, m, n, k, a_stride, b_stride, c_stride] = key;
    const auto strides = [](Op op, int64_t stride) {
      return op == Op::plain ? memory::dims{stride, 1} : memory::dims{1, stride};
    };
    const memory::desc a({m, k}, memory::data_type::bf16, strides(op_a, a_stride));
    const memory::desc b({k, n}, memory::data_type::bf16, strides(op_b, b_stride));
    const memory::desc c({m, n}, memory::data_type::f32, memory::dims{c_stride, 1});
#if DNNL_VERSION_MAJOR >= 3
    const dnnl::matmul::primitive_desc description(engine_, a, b, c);
#else
    const dnnl::matmul::primitive_desc description(dnnl::matmul::desc(a, b, c), engine_);
#endif
    return {dnnl::matmul(description), memory(a, engine_, nullptr), memory(b, engine_, nullptr),
            memory(c, engine_, nullptr)};
  }

  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  std::map<Key, Made> products_;
};

#endif

}  // namespace

bool has_bf16_unit() {
#ifdef REVERIE_HAVE_ONEDNN
  // Instruction sets are numbered so that one contains the bits of those it extends.
  constexpr auto amx = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_amx);
  static const bool found = (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & amx) == amx;
  return found;
#else
  return false;
#endif
}

void check_device(Precision precision, const torch::Device& device, const std::string& setting) {
  if (device.is_cpu() || precision == Precision::automatic || precision == Precision::f32) return;
  throw UsageError(fmt::format("'{}' = {} is for products on the CPU; on {} use auto or f32",
                               setting, setting_name(precision), device.str()));
}

Precision resolved(Precision precision) {
  if (precision != Precision::automatic) return precision;
  // It learns as well as f32: three seeds of each in docs/results.md.
  return has_bf16_unit() ? Precision::bf16x3 : Precision::f32;
}

void product(Precision precision, Op op_a, Op op_b, int64_t m, int64_t n, int64_t k, const float* a,
             int64_t a_stride, const float* b, int64_t b_stride, float* c, int64_t c_stride) {
  precision = resolved(precision);
  if (precision == Precision::f32) {
    small_gemm(op_a, op_b, m, n, k, a, a_stride, b, b_stride, 0.0f, c, c_stride);
    return;
  }
  const Parts parts = parts_of(precision);
#ifdef REVERIE_HAVE_ONEDNN
  if (has_bf16_unit()) {
    static thread_local Operands<uint16_t> operands;
    static thread_local Bf16Products products;
    operands.write(parts, op_a, op_b, m, n, k, a, a_stride, b, b_stride);
    products.run(op_a, op_b, m, n, parts.count * k, operands, c, c_stride);
    return;
  }
#endif
  static thread_local Operands<float> operands;
  operands.write(parts, op_a, op_b, m, n, k, a, a_stride, b, b_stride);
  small_gemm(op_a, op_b, m, n, parts.count * k, operands.a.numbers.data(), operands.a.stride,
             operands.b.numbers.data(), operands.b.stride, 0.0f, c, c_stride);
}

}  // namespace kernels
}  // namespace reverie
