// Prints what the kernels reach here in f32 and in bf16x3, in GFLOP/s on one thread: imagination in
// both, then a fit in both, at the default preset's shapes. 0 where bfloat16 is emulated, which is
// never faster. Run when the build is configured, linked with the kernels' own sources.
#include <reverie/nn/kernels/mlp.h>

#include <omp.h>
#include <xmmintrin.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace {

using namespace reverie;
using kernels::Use;

/// Uniform in [-scale, scale]: which numbers they are does not matter.
std::vector<float> numbers(int64_t count, float scale) {
  std::vector<float> result(static_cast<size_t>(count));
  uint32_t state = 1;
  for (float& x : result) {
    state = state * 1664525u + 1013904223u;
    x = scale * (static_cast<float>(state >> 8) * 0x1p-23f - 1.0f);
  }
  return result;
}

class Passes {
 public:
  Passes(int64_t rows, Use use, Precision precision)
      : rows_(rows),
        use_(use),
        pass_(shape_, rows, use, precision),
        ready_(shape_, rows, use, precision),
        weights_(numbers(shape_.effective_count(), 0.1f)),
        x_(numbers(rows * shape_.input(), 1.0f)),
        output_gradient_(numbers(rows * shape_.output(), 1.0f)),
        gradient_(weights_.size()) {
    ready_.read(weights_.data());
  }

  void operator()() {
    // A fit rounds its weights anew at each minibatch, an imagination once for all its steps.
    if (use_ == Use::training) ready_.read(weights_.data());
    pass_.forward(ready_, x_.data(), rows_);
    if (use_ == Use::inference) return;
    pass_.backward_rows(ready_, 0, rows_, output_gradient_.data());
    for (const auto& piece : kernels::row_pieces(shape_))
      pass_.weight_gradient(piece, x_.data(), output_gradient_.data(), gradient_.data());
  }
  double flop() const {
    double products = 0;
    for (int64_t l = 0; l < shape_.layers(); ++l)
      products += static_cast<double>(shape_.sizes[l] * shape_.sizes[l + 1]);
    const auto first = static_cast<double>(shape_.sizes[0] * shape_.sizes[1]);
    return 2.0 * static_cast<double>(rows_) *
           (use_ == Use::inference ? products : 3 * products - first);
  }

 private:
  const MlpShape shape_{{23, 256, 256, 17}, Activation::relu, false};
  int64_t rows_;
  Use use_;
  kernels::MlpPass pass_;
  kernels::ReadyWeights ready_;
  std::vector<float> weights_, x_, output_gradient_, gradient_;
};

/// The best of several timings of each, in turn.
void compare(int64_t rows, Use use) {
  Passes f32(rows, use, Precision::f32), split(rows, use, Precision::bf16x3);
  double best[2] = {1e9, 1e9};
  for (int i = 0; i < 40; ++i)
    for (int which = 0; which < 2; ++which) {
      const auto began = std::chrono::steady_clock::now();
      for (int j = 0; j < 20; ++j) which == 0 ? f32() : split();
      const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - began;
      if (i > 1) best[which] = std::min(best[which], taken.count() / 20);  // the first make ready
    }
  std::printf("%.0f;%.0f", f32.flop() / best[0] / 1e9, f32.flop() / best[1] / 1e9);
}

}  // namespace

int main() {
  omp_set_num_threads(1);
  _mm_setcsr(_mm_getcsr() | 0x8040);
  if (!reverie::kernels::has_bf16_unit()) {
    std::printf("0;0;0;0");
    return 0;
  }
  compare(20, Use::inference);
  std::printf(";");
  compare(32, Use::training);
}
