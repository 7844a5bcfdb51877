#include <reverie/core/archive.h>
#include <reverie/core/random.h>
#include <reverie/core/test_devices.h>

namespace reverie {
namespace {

TEST(RandomStream, SameSeedAndNameSameNumbers) {
  RandomStream a(7, "collect"), b(7, "collect");
  EXPECT_TRUE(torch::equal(a.normal({1000}), b.normal({1000})));
  EXPECT_EQ(a.bits(), b.bits());
}

TEST(RandomStream, OtherSeedsNamesAndSplitsDiffer) {
  RandomStream base(7, "collect");
  RandomStream seed(8, "collect"), name(7, "fit"), split = base.split(0), other = base.split(1);
  const auto numbers = base.normal({100});
  for (auto* stream : {&seed, &name, &split, &other})
    EXPECT_LT((stream->normal({100}) - numbers).abs().lt(1e-6).sum().item<int64_t>(), 3);
}

TEST(RandomStream, SplitDoesNotDependOnWhatWasDrawn) {
  RandomStream a(1, "x"), b(1, "x");
  a.normal({13});
  EXPECT_EQ(a.split(5).bits(), b.split(5).bits());
}

TEST(RandomStream, MomentsAndRanges) {
  RandomStream stream(3, "moments");
  const int64_t n = 400000;
  const auto normal = stream.normal({n}).to(torch::kFloat64);
  // Bounds of five standard errors.
  EXPECT_NEAR(normal.mean().item<double>(), 0, 5 / std::sqrt(n));
  EXPECT_NEAR(normal.pow(2).mean().item<double>(), 1, 5 * std::sqrt(2.0 / n));
  EXPECT_NEAR(normal.pow(4).mean().item<double>(), 3, 5 * std::sqrt(96.0 / n));
  const auto uniform = stream.uniform({n}, -2, 3);
  EXPECT_GE(uniform.min().item<double>(), -2);
  EXPECT_LT(uniform.max().item<double>(), 3);
  EXPECT_NEAR(uniform.mean().item<double>(), 0.5, 5 * std::sqrt(25.0 / 12 / n));
  const auto below = stream.below(7, {n});
  const auto counts = torch::bincount(below);
  EXPECT_EQ(counts.size(0), 7);
  EXPECT_LT((counts - n / 7).abs().max().item<int64_t>(), 5 * std::sqrt(n / 7.0));
  EXPECT_EQ(std::get<0>(stream.permutation(1000).sort()).equal(torch::arange(1000)), true);
}

/// A stream of key 0 that goes on from block `counter`: reached through the archive, since a
/// default-made one has another key.
RandomStream stream_at(uint64_t counter) {
  Archive out;
  uint64_t key = 0;
  int32_t used = 4;
  out("key", key);
  out("counter", counter);
  out("used", used);
  RandomStream stream;
  auto in = Archive::from_bytes(out.bytes());
  stream.serialize(in);
  return stream;
}

TEST(RandomStream, AgreesWithThePublishedPhiloxVector) {
  // Random123's known-answer test: counter 0, key 0 gives these words.
  auto stream = stream_at(0);
  EXPECT_EQ(stream.bits(), 0x6627e8d5u);
  EXPECT_EQ(stream.bits(), 0xe169c58du);
  EXPECT_EQ(stream.bits(), 0xbc57ac4cu);
  EXPECT_EQ(stream.bits(), 0x9b00dbd8u);
}

TEST(RandomStream, ResumesInsideABlock) {
  RandomStream a(5, "resume");
  a.bits();
  Archive out;
  a.serialize(out);
  RandomStream b;
  auto in = Archive::from_bytes(out.bytes());
  b.serialize(in);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(a.bits(), b.bits());
}

struct RandomOnDevice : testing::OnEachDevice {};

TEST_P(RandomOnDevice, IntegersAreTheStreamsOwnToTheBit) {
  // Two draws, from within a block and across its end; then a stream that has gone far.
  for (const uint64_t counter : {uint64_t{0}, uint64_t{0xFFFFFFFF}, uint64_t{5} << 40}) {
    for (const int64_t count : {int64_t{1}, int64_t{7}, (int64_t{1} << 31) - 1}) {
      auto here = stream_at(counter), there = here;
      here.bits();
      there.bits();
      for (const int64_t wanted : {1, 5, 1000, 0, 2}) {
        const auto expected = here.below(count, {wanted});
        const auto found = there.below(count, {wanted}, device());
        EXPECT_EQ(found.device(), device());
        EXPECT_TRUE(torch::equal(found.cpu(), expected)) << counter << " " << count;
      }
      EXPECT_EQ(there.bits(), here.bits()) << "the streams must stand at the same word";
    }
  }
}

TEST_P(RandomOnDevice, NormalsAreTheStreamsOwnUpToRounding) {
  RandomStream here(3, "device"), there = here;
  here.bits();
  there.bits();
  for (const int64_t wanted : {1, 2, 7, 40000, 0}) {
    const auto expected = here.normal({wanted, 3});
    const auto found = there.normal({wanted, 3}, device());
    EXPECT_EQ(found.sizes(), expected.sizes());
    EXPECT_TRUE(torch::allclose(found.cpu(), expected, 0, 5e-6));
  }
  EXPECT_EQ(there.bits(), here.bits()) << "the streams must stand at the same word";
}

TEST_P(RandomOnDevice, ManyBlocksAtATimeAreTheSame) {
  RandomStream here(3, "many"), there = here;
  const int64_t more = (int64_t{4} << 20) + 9;  // than are made at once
  EXPECT_TRUE(torch::allclose(there.normal({more}, device()).cpu(), here.normal({more}), 0, 5e-6));
}

REVERIE_ON_EACH_DEVICE(RandomOnDevice);

}  // namespace
}  // namespace reverie
