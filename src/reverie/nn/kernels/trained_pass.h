// A network at work on the batches it is trained on, in units that threads share.
#pragma once

#include <reverie/nn/kernels/mlp.h>

#include <functional>
#include <memory>
#include <vector>

namespace reverie::kernels {

/// A batch is cut, by its size alone, into blocks of about so many rows that go through a network
/// together.
struct RowBlocks {
  explicit RowBlocks(int64_t n);
  int64_t first(int64_t block) const { return rows * block / count; }
  int64_t size(int64_t block) const { return first(block + 1) - first(block); }
  int64_t rows, count;
};

/// Runs `task(0) … task(count - 1)`, the units of a pass of `rows` rows through such networks: by
/// all workers where that is worth waking them.
void run_units(const MlpShape& shape, int64_t rows, int64_t count,
               const std::function<void(int64_t)>& task);

/// MlpPass on effective weights that are read and stepped in place, with the buffers of their
/// gradient. Blocks of rows, and then pieces of the weights, may run in different threads at once.
class TrainedPass {
 public:
  TrainedPass(const MlpShape& shape, int64_t capacity);

  int64_t capacity() const { return capacity_; }

  /// Sets the weights [e] and the number of rows of the coming pass.
  void begin(const float* weights, int64_t rows);
  void forward_rows(const float* x, int64_t first, int64_t count);
  const float* output() const { return pass_.output(); }  ///< [rows, output]

  /// dL/d(outputs) [rows, output], written by the caller before `backward_rows`.
  float* output_gradient() { return output_gradient_.data(); }
  void backward_rows(int64_t first, int64_t count);
  /// After `backward_rows` of these rows: adds to `gradient` [count, columns] the gradient by the
  /// inputs from `column` on.
  void add_input_gradient(int64_t first, int64_t count, int64_t column, int64_t columns,
                          float* gradient) const;

  /// After `backward_rows` of all rows: one of the `pieces` of the weights' gradient and of their
  /// step of Adam. With `target`, the same piece of it then moves by `rate` of the way to the new
  /// weights (Polyak averaging).
  int64_t pieces() const { return static_cast<int64_t>(pieces_.size()); }
  void step_piece(int64_t piece, const float* x, const AdamBlock& block, int64_t step,
                  const AdamRates& rates, float* target = nullptr, float rate = 0);

 private:
  MlpShape shape_;
  int64_t capacity_;
  MlpPass pass_;
  ReadyWeights weights_;
  std::vector<WeightPiece> pieces_;
  std::vector<float> output_gradient_, gradient_;
};

/// Passes of several networks of one shape, made when a batch first needs them.
class TrainedPasses {
 public:
  /// Returns `count` passes for batches of `rows`, at the beginning of one with `weights` [count,
  /// e].
  std::vector<std::unique_ptr<TrainedPass>>& begin(const MlpShape& shape, int64_t count,
                                                   const float* weights, int64_t rows);

 private:
  std::vector<std::unique_ptr<TrainedPass>> passes_;
};

}  // namespace reverie::kernels
