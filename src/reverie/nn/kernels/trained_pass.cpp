#include <reverie/nn/kernels/trained_pass.h>

#include <reverie/core/workers.h>

#include <algorithm>

namespace reverie::kernels {
namespace {

/// Enough for the products' speed, few enough that two threads share a batch of 256 evenly.
constexpr int64_t kBlockRows = 64;

}  // namespace

RowBlocks::RowBlocks(int64_t n)
    : rows(n), count(std::max<int64_t>(1, (n + kBlockRows / 2) / kBlockRows)) {}

void run_units(const MlpShape& shape, int64_t rows, int64_t count,
               const std::function<void(int64_t)>& task) {
  // Waking a worker takes as long as some millions of multiplications.
  constexpr int64_t worth_waking = 2'000'000;
  if (shape.effective_count() * rows >= worth_waking) {
    parallel_for(count, task);
  } else {
    for (int64_t i = 0; i < count; ++i) task(i);
  }
}

TrainedPass::TrainedPass(const MlpShape& shape, int64_t capacity)
    : shape_(shape),
      capacity_(capacity),
      pass_(shape, capacity, Use::training, Precision::f32),
      weights_(shape, capacity, Use::training, Precision::f32),
      pieces_(row_pieces(shape)),
      output_gradient_(static_cast<size_t>(capacity * shape.output())),
      gradient_(static_cast<size_t>(shape.effective_count())) {}

void TrainedPass::begin(const float* weights, int64_t rows) {
  weights_.read(weights);
  pass_.begin(rows);
}

void TrainedPass::forward_rows(const float* x, int64_t first, int64_t count) {
  pass_.forward_rows(weights_, x, first, count);
}

void TrainedPass::backward_rows(int64_t first, int64_t count) {
  pass_.backward_rows(weights_, first, count, output_gradient_.data());
}

void TrainedPass::add_input_gradient(int64_t first, int64_t count, int64_t column, int64_t columns,
                                     float* gradient) const {
  pass_.add_input_gradient(weights_, first, count, output_gradient_.data(), column, columns,
                           gradient);
}

void TrainedPass::step_piece(int64_t piece, const float* x, const AdamBlock& block, int64_t step,
                             const AdamRates& rates, float* target, float rate) {
  const WeightPiece& part = pieces_[static_cast<size_t>(piece)];
  pass_.weight_gradient(part, x, output_gradient_.data(), gradient_.data());
  const int64_t stride = shape_.stride(part.layer);
  int64_t at = part.first * stride;
  for (int64_t l = 0; l < part.layer; ++l) at += (shape_.sizes[l] + 1) * shape_.stride(l);
  const int64_t count = part.count * stride;
  float* weights = block.parameters + at;
  adam_step({weights, block.first_moment + at, block.second_moment + at}, gradient_.data() + at,
            count, step, rates);
  if (target == nullptr) return;
  float* __restrict follower = target + at;
  for (int64_t i = 0; i < count; ++i) follower[i] += rate * (weights[i] - follower[i]);
}

std::vector<std::unique_ptr<TrainedPass>>& TrainedPasses::begin(const MlpShape& shape,
                                                                int64_t count, const float* weights,
                                                                int64_t rows) {
  if (passes_.empty() || passes_.front()->capacity() < rows) {
    passes_.clear();
    for (int64_t k = 0; k < count; ++k)
      passes_.push_back(std::make_unique<TrainedPass>(shape, rows));
  }
  for (int64_t k = 0; k < count; ++k)
    passes_[static_cast<size_t>(k)]->begin(weights + k * shape.effective_count(), rows);
  return passes_;
}

}  // namespace reverie::kernels
