#include <reverie/nn/kernels/bf16_products.h>

#ifdef REVERIE_HAVE_ONEDNN

#include <reverie/nn/mlp_shape.h>

#include <unordered_map>

namespace reverie::kernels {

Bf16Products& Bf16Products::of_this_thread() {
  static thread_local Bf16Products products;
  return products;
}

const dnnl::engine& Bf16Products::shared_engine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

void Bf16Products::run(const RoundedMatrix& a, int64_t first, int64_t count, const RoundedMatrix& b,
                       float* c, int64_t c_stride) {
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

void Bf16Products::pack(RoundedMatrix& b, int64_t rows) {
  if (!b.packed_) b.packed_ = layout(b, rows);
  if (!b.packed_->memory) return;
  b.packed_->reorder.execute(stream_, b.packed_->plain, b.packed_->memory);
  stream_.wait();
}

Bf16Products::Key Bf16Products::key_of(const RoundedMatrix& a, int64_t count,
                                       const RoundedMatrix& b, int64_t c_stride, bool packed) {
  return {
      count,     b.kept(), b.summed(), a.sums_ == Sums::rows, b.sums_ == Sums::columns, a.stride_,
      b.stride_, c_stride, packed};
}

std::shared_ptr<RoundedMatrix::Packed> Bf16Products::layout(RoundedMatrix& b, int64_t rows) {
  using dnnl::memory;
  const memory::desc a({rows, b.summed()}, memory::data_type::bf16,
                       memory::dims{row_stride(b.summed()), 1});
  const memory::desc any({b.summed(), b.kept()}, memory::data_type::bf16, memory::format_tag::any);
  const memory::desc c({rows, b.kept()}, memory::data_type::f32,
                       memory::dims{row_stride(b.kept()), 1});
  const auto wanted = describe(a, any, c, {}).weights_desc();
  auto packed = std::make_shared<RoundedMatrix::Packed>();
  // What `any` comes to where oneDNN has no layout of its own for it.
  const memory::desc dense({b.summed(), b.kept()}, memory::data_type::bf16, memory::format_tag::ab);
  if (wanted == dense) return packed;
  packed->plain = memory(right(b), engine_, b.halves_.data());
  packed->memory = memory(wanted, engine_);
  packed->reorder = dnnl::reorder(packed->plain, packed->memory);
  return packed;
}

dnnl::memory::desc Bf16Products::right(const RoundedMatrix& b) {
  return {
      {b.summed(), b.kept()},
      dnnl::memory::data_type::bf16,
      b.sums_ == Sums::rows ? dnnl::memory::dims{b.stride_, 1} : dnnl::memory::dims{1, b.stride_}};
}

dnnl::matmul::primitive_desc Bf16Products::describe(const dnnl::memory::desc& a,
                                                    const dnnl::memory::desc& b,
                                                    const dnnl::memory::desc& c,
                                                    const dnnl::primitive_attr& attributes) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine_, a, b, c, attributes};
#else
  return {dnnl::matmul::desc(a, b, c), attributes, engine_};
#endif
}

Bf16Products::Made* Bf16Products::find(const Key& key, const RoundedMatrix& right_factor) {
  if (products_.size() >= 256 && !products_.contains(key)) products_.clear();  // sizes may vary
  auto found = products_.find(key);
  if (found == products_.end()) found = products_.emplace(key, make(key, right_factor)).first;
  return &found->second;
}

Bf16Products::Made Bf16Products::make(const Key& key, const RoundedMatrix& right_factor) {
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

}  // namespace reverie::kernels

#endif
