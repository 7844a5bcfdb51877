#include <reverie/core/error.h>
#include <reverie/core/settings.h>
#include <reverie/nn/kernels/precision.h>

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

inline uint16_t part_of(float x, Part part) {
  const uint16_t high = to_bf16(x);
  return part == Part::high ? high : to_bf16(x - from_bf16(high));
}

/// Writes `convert(element (i, j) of op(matrix))` to out[i * out_stride + j].
template <class T, class Convert>
void gather(Op op, int64_t rows, int64_t columns, const float* matrix, int64_t stride, T* out,
            int64_t out_stride, const Convert& convert) {
  if (op == Op::plain) {
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < columns; ++j)
        out[i * out_stride + j] = convert(matrix[i * stride + j]);
  } else {
    for (int64_t j = 0; j < columns; ++j)
      for (int64_t i = 0; i < rows; ++i) out[i * out_stride + j] = convert(matrix[j * stride + i]);
  }
}

/// Operands A' [m, parts k] and B' [parts k, n], the parts side by side: one product sums them all.
template <class T>
struct Operands {
  std::vector<T> a, b;

  template <class Convert>
  void write(const Parts& parts, Op op_a, Op op_b, int64_t m, int64_t n, int64_t k,
             const float* from_a, int64_t a_stride, const float* from_b, int64_t b_stride,
             const Convert& convert) {
    const int64_t depth = parts.count * k;
    a.resize(static_cast<size_t>(m * depth));
    b.resize(static_cast<size_t>(depth * n));
    for (int64_t p = 0; p < parts.count; ++p) {
      gather(op_a, m, k, from_a, a_stride, a.data() + p * k, depth,
             [&](float x) { return convert(part_of(x, parts.of_a[p])); });
      gather(op_b, k, n, from_b, b_stride, b.data() + p * k * n, n,
             [&](float x) { return convert(part_of(x, parts.of_b[p])); });
    }
  }
};

#ifdef REVERIE_HAVE_ONEDNN

/// One thread's bfloat16 products. A oneDNN primitive has scratch memory of its own, so that none
/// may run in two threads at once.
class Bf16Products {
 public:
  void run(int64_t m, int64_t n, int64_t k, uint16_t* a, uint16_t* b, float* c, int64_t c_stride) {
    const auto key = std::make_tuple(m, n, k, c_stride);
    if (products_.size() >= 64 && !products_.contains(key)) products_.clear();  // sizes may vary
    auto found = products_.find(key);
    if (found == products_.end()) found = products_.emplace(key, make(m, n, k, c_stride)).first;
    auto& made = found->second;
    made.a.set_data_handle(a);
    made.b.set_data_handle(b);
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

  Made make(int64_t m, int64_t n, int64_t k, int64_t c_stride) {
    using dnnl::memory;
    const memory::desc a({m, k}, memory::data_type::bf16, memory::dims{k, 1});
    const memory::desc b({k, n}, memory::data_type::bf16, memory::dims{n, 1});
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
  std::map<std::tuple<int64_t, int64_t, int64_t, int64_t>, Made> products_;
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
  // bf16x3 is to stand here for chips with the unit once its learning curves have been compared.
  return precision == Precision::automatic ? Precision::f32 : precision;
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
    operands.write(parts, op_a, op_b, m, n, k, a, a_stride, b, b_stride,
                   [](uint16_t half) { return half; });
    products.run(m, n, parts.count * k, operands.a.data(), operands.b.data(), c, c_stride);
    return;
  }
#endif
  static thread_local Operands<float> operands;
  operands.write(parts, op_a, op_b, m, n, k, a, a_stride, b, b_stride, from_bf16);
  small_gemm(Op::plain, Op::plain, m, n, parts.count * k, operands.a.data(), parts.count * k,
             operands.b.data(), n, 0.0f, c, c_stride);
}

}  // namespace kernels
}  // namespace reverie
