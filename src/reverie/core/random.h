// Named random streams: every draw in the program comes from one of these.
#pragma once

#include <reverie/core/tensor.h>

#include <cstdint>
#include <string_view>

namespace reverie {

class Archive;

/// A counter-based stream of random numbers (Philox4x32-10: Salmon et al., "Parallel random
/// numbers: as easy as 1, 2, 3", 2011). The key is derived from a seed and a name, so streams with
/// different names or seeds are independent; the state is a counter, so saving a stream means
/// saving two integers. Not safe for use from two threads at once: give each thread or task its own
/// `split`.
class RandomStream {
 public:
  RandomStream() : RandomStream(0, "") {}
  RandomStream(uint64_t seed, std::string_view name);

  /// Returns an independent stream that depends on this one's key and `index`, not on what has been
  /// drawn: gives task i its own numbers, whichever thread runs it.
  RandomStream split(uint64_t index) const;

  uint32_t bits();                                      ///< 32 uniform bits.
  double uniform(double low = 0.0, double high = 1.0);  ///< In [low, high).
  double normal();                                      ///< Mean 0, variance 1.
  int64_t below(int64_t count);                         ///< Uniform in 0 … count - 1.

  void fill_normal(float* out, int64_t count);
  void fill_uniform(float* out, int64_t count, float low, float high);

  Tensor normal(torch::IntArrayRef shape);                            ///< float32
  Tensor uniform(torch::IntArrayRef shape, double low, double high);  ///< float32
  Tensor below(int64_t count, torch::IntArrayRef shape);              ///< int64, with replacement
  Tensor permutation(int64_t count);                                  ///< int64 [count]

  // The same numbers, generated on `device` by torch operations to avoid a transfer
  // (random_torch.cpp): integers are bit-exact, normals equal up to rounding. `count` must be below
  // 2^31 here.
  Tensor normal(torch::IntArrayRef shape, torch::Device device);
  Tensor below(int64_t count, torch::IntArrayRef shape, torch::Device device);

  void serialize(Archive& archive);

 private:
  void refill();

  uint64_t key_ = 0;
  uint64_t counter_ = 0;  // blocks of four words drawn so far
  uint32_t block_[4] = {};
  int32_t used_ = 4;  // words of block_ already given out
};

}  // namespace reverie
