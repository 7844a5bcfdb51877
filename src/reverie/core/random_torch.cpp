// The random streams' numbers made where they are used: Philox in torch's integer operations.
#include <reverie/core/random.h>

#include <numbers>

namespace reverie {
namespace {

constexpr int64_t kLowWord = 0xFFFFFFFF;
/// Blocks of four words made at once: what is computed with them then takes some 100 MB at most.
constexpr int64_t kMostBlocks = int64_t{1} << 20;

/// The low and the high word of factor * x, for words x in int64. The factor, above 2^31, stands
/// for factor - 2^32, so that no product leaves int64: the low word is the same, and the high one
/// is short of x.
struct Product {
  Product(uint32_t factor, const Tensor& x) {
    low = x * (static_cast<int64_t>(factor) - (int64_t{1} << 32));
    high = low.bitwise_right_shift(32).add_(x);
    low.bitwise_and_(kLowWord);
  }
  Tensor low, high;
};

/// Ten rounds of Philox4x32 under `key`, on the counters first, first + 1, …: the four words of
/// each of `count` blocks, as int64. Word by word what `philox` in random.cpp gives.
std::array<Tensor, 4> philox_blocks(uint64_t key, uint64_t first, int64_t count,
                                    torch::Device device) {
  const auto counter =
      torch::arange(count, torch::TensorOptions(torch::kInt64).device(device)).add_(
          static_cast<int64_t>(first));
  std::array<Tensor, 4> x{counter.bitwise_and(kLowWord), counter.bitwise_right_shift(32),
                          torch::zeros_like(counter), torch::zeros_like(counter)};
  x[1].bitwise_and_(kLowWord);
  auto k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const Product p0(0xD2511F53, x[0]), p1(0xCD9E8D57, x[2]);
    const auto word = [](uint32_t k) { return torch::Scalar(static_cast<int64_t>(k)); };
    x[0] = p1.high.bitwise_xor(x[1]).bitwise_xor_(word(k0));
    x[2] = p0.high.bitwise_xor(x[3]).bitwise_xor_(word(k1));
    x[1] = p1.low;
    x[3] = p0.low;
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return x;
}

/// As `open_unit` in random.cpp, to the bit: 24 bits and one fit a float.
Tensor open_unit(const Tensor& words) {
  return words.bitwise_right_shift(8).add_(1).to(torch::kFloat32).mul_(0x1p-24);
}

}  // namespace

Tensor RandomStream::normal(torch::IntArrayRef shape, torch::Device device) {
  const int64_t count = c10::multiply_integers(shape), blocks = (count + 3) / 4;
  const auto numbers = torch::empty({blocks, 4}, torch::TensorOptions().device(device));
  for (int64_t from = 0; from < blocks; from += kMostBlocks) {
    const int64_t some = std::min(kMostBlocks, blocks - from);
    const auto words = philox_blocks(key_, counter_, some, device);
    counter_ += static_cast<uint64_t>(some);
    // Box and Muller: a pair of words, a pair of numbers.
    for (int64_t half = 0; half < 2; ++half) {
      const auto radius = open_unit(words[2 * half]).log_().mul_(-2).sqrt_();
      const auto turn = open_unit(words[2 * half + 1]).mul_(2 * std::numbers::pi);
      const auto pair = numbers.narrow(0, from, some).narrow(1, 2 * half, 2);
      auto even = pair.select(1, 0), odd = pair.select(1, 1);
      torch::mul_out(even, radius, turn.cos());
      torch::mul_out(odd, radius, turn.sin());
    }
  }
  used_ = 4;  // what is left of the last block is not used
  return numbers.flatten().narrow(0, 0, count).view(shape);
}

Tensor RandomStream::below(int64_t count, torch::IntArrayRef shape, torch::Device device) {
  TORCH_CHECK(count > 0 && count < int64_t{1} << 31, "RandomStream::below: a count out of range");
  const int64_t wanted = c10::multiply_integers(shape);
  // Words from where the stream stands, which may be within a block.
  const auto given = static_cast<int64_t>(4 * counter_) - (4 - used_);
  const int64_t first = given / 4, end = given + wanted, blocks = (end + 3) / 4 - first;
  const auto numbers =
      torch::empty({blocks, 4}, torch::TensorOptions(torch::kInt64).device(device));
  for (int64_t from = 0; from < blocks; from += kMostBlocks) {
    const int64_t some = std::min(kMostBlocks, blocks - from);
    const auto words = philox_blocks(key_, static_cast<uint64_t>(first + from), some, device);
    for (int64_t i = 0; i < 4; ++i) numbers.narrow(0, from, some).select(1, i).copy_(words[i]);
  }
  counter_ = static_cast<uint64_t>(end / 4);
  used_ = 4;
  if (end % 4 != 0) {
    refill();
    used_ = static_cast<int32_t>(end % 4);
  }
  return numbers.flatten()
      .narrow(0, given - 4 * first, wanted)
      .mul(count)
      .bitwise_right_shift(32)
      .view(shape);
}

}  // namespace reverie
