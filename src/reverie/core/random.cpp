#include <reverie/core/random.h>

#include <reverie/core/archive.h>
#include <reverie/core/elementary.h>

namespace reverie {
namespace {

/// A 64-bit finaliser (the mixing step of SplitMix64): every input bit reaches every output bit.
uint64_t mix(uint64_t x) {
  x += 0x9E3779B97F4A7C15ull;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

/// Ten rounds of Philox4x32 on the 128-bit counter {counter, 0} under a 64-bit key.
void philox(uint64_t key, uint64_t counter, uint32_t out[4]) {
  uint32_t x0 = static_cast<uint32_t>(counter), x1 = static_cast<uint32_t>(counter >> 32);
  uint32_t x2 = 0, x3 = 0;
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53} * x0;
    const uint64_t p1 = uint64_t{0xCD9E8D57} * x2;
    const uint32_t y0 = static_cast<uint32_t>(p1 >> 32) ^ x1 ^ k0;
    const uint32_t y2 = static_cast<uint32_t>(p0 >> 32) ^ x3 ^ k1;
    x1 = static_cast<uint32_t>(p1);
    x3 = static_cast<uint32_t>(p0);
    x0 = y0;
    x2 = y2;
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  out[0] = x0, out[1] = x1, out[2] = x2, out[3] = x3;
}

/// A float in (0, 1]: never 0, so its logarithm is finite.
float open_unit(uint32_t bits) {
  return (static_cast<float>(static_cast<int32_t>(bits >> 8)) + 1.0f) * 0x1p-24f;
}

}  // namespace

RandomStream::RandomStream(uint64_t seed, std::string_view name) {
  uint64_t hash = 0xCBF29CE484222325ull;  // FNV-1a of the name
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
  key_ = mix(mix(seed) ^ hash);
}

RandomStream RandomStream::split(uint64_t index) const {
  RandomStream child;
  child.key_ = mix(key_ ^ mix(index + 0x632BE59BD9B4E019ull));
  return child;
}

void RandomStream::refill() {
  philox(key_, counter_++, block_);
  used_ = 0;
}

uint32_t RandomStream::bits() {
  if (used_ == 4) refill();
  return block_[used_++];
}

double RandomStream::uniform(double low, double high) {
  const uint64_t word = (uint64_t{bits()} << 32) | bits();
  return low + (high - low) * (static_cast<double>(word >> 11) * 0x1p-53);
}

double RandomStream::normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  return radius * std::cos(2.0 * M_PI * uniform());
}

int64_t RandomStream::below(int64_t count) {
  TORCH_CHECK(count > 0, "RandomStream::below needs a positive count");
  // The high half of a 64 x 32-bit product; the bias is below count / 2^32, far under
  // what any use here could notice.
  if (count <= int64_t{1} << 32)
    return static_cast<int64_t>((uint64_t{bits()} * static_cast<uint64_t>(count)) >> 32);
  const uint64_t word = (uint64_t{bits()} << 32) | bits();
  return static_cast<int64_t>(word % static_cast<uint64_t>(count));
}

void RandomStream::fill_normal(float* out, int64_t count) {
  // Box and Muller (1958), four numbers a block of bits, many blocks together: each step of the way
  // is a loop that vectorises.
  constexpr int64_t most = 256;
  uint32_t words[most];
  float radius[most / 2];
  CosSin turn[most / 2];
  used_ = 4;
  for (int64_t first = 0; first < count; first += most) {
    const int64_t numbers = std::min(most, count - first), pairs = (numbers + 1) / 2;
    for (int64_t i = 0; i < numbers; i += 4) philox(key_, counter_++, words + i);
    for (int64_t i = 0; i < pairs; ++i)
      radius[i] = std::sqrt(-2.0f * fast_log(open_unit(words[2 * i])));
    for (int64_t i = 0; i < pairs; ++i) turn[i] = fast_turn(open_unit(words[2 * i + 1]));
    float* to = out + first;
    for (int64_t i = 0; i < numbers / 2; ++i) {
      to[2 * i] = radius[i] * turn[i].cos;
      to[2 * i + 1] = radius[i] * turn[i].sin;
    }
    if (numbers % 2 == 1) to[numbers - 1] = radius[pairs - 1] * turn[pairs - 1].cos;
  }
}

void RandomStream::fill_uniform(float* out, int64_t count, float low, float high) {
  for (int64_t i = 0; i < count; ++i) {
    // 24 bits fill a float's fraction; the scaling can round up to `high`, which stays out.
    const float value = low + (high - low) * (static_cast<float>(bits() >> 8) * 0x1p-24f);
    out[i] = value < high ? value : std::nextafter(high, low);
  }
}

Tensor RandomStream::normal(torch::IntArrayRef shape) {
  auto result = torch::empty(shape, torch::kFloat32);
  fill_normal(result.data_ptr<float>(), result.numel());
  return result;
}

Tensor RandomStream::uniform(torch::IntArrayRef shape, double low, double high) {
  auto result = torch::empty(shape, torch::kFloat32);
  fill_uniform(result.data_ptr<float>(), result.numel(), static_cast<float>(low),
               static_cast<float>(high));
  return result;
}

Tensor RandomStream::below(int64_t count, torch::IntArrayRef shape) {
  auto result = torch::empty(shape, torch::kInt64);
  auto* out = result.data_ptr<int64_t>();
  for (int64_t i = 0; i < result.numel(); ++i) out[i] = below(count);
  return result;
}

Tensor RandomStream::permutation(int64_t count) {
  auto result = torch::arange(count);
  auto* out = result.data_ptr<int64_t>();
  for (int64_t i = count - 1; i > 0; --i) std::swap(out[i], out[below(i + 1)]);
  return result;
}

void RandomStream::serialize(Archive& archive) {
  archive("key", key_);
  archive("counter", counter_);
  archive("used", used_);
  if (used_ < 0 || used_ > 4) archive.refuse("used", "more words than a block has");
  // The block in use follows from the counter.
  if (archive.reading() && used_ < 4) philox(key_, counter_ - 1, block_);
}

}  // namespace reverie
