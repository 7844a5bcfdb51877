#include <reverie/core/workers.h>

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace reverie {
namespace {

struct WorkersTest : testing::TestWithParam<int> {
  void SetUp() override { set_worker_count(GetParam()); }
  void TearDown() override { set_worker_count(2); }
};

TEST_P(WorkersTest, RunsEveryTaskOnce) {
  for (int repeat = 0; repeat < 200; ++repeat) {
    std::vector<std::atomic<int>> runs(37);
    parallel_for(37, [&](int64_t i) { ++runs[static_cast<size_t>(i)]; });
    for (const auto& count : runs) EXPECT_EQ(count, 1);
  }
}

TEST_P(WorkersTest, NestedCallsRunInPlace) {
  std::atomic<int> count = 0;
  parallel_for(4, [&](int64_t) { parallel_for(5, [&](int64_t) { ++count; }); });
  EXPECT_EQ(count, 20);
}

TEST_P(WorkersTest, TheFirstExceptionArrivesAndThePoolGoesOn) {
  EXPECT_THROW(parallel_for(8,
                            [](int64_t i) {
                              if (i == 3) throw std::runtime_error("three");
                            }),
               std::runtime_error);
  std::atomic<int> count = 0;
  parallel_for(8, [&](int64_t) { ++count; });
  EXPECT_EQ(count, 8);
}

TEST_P(WorkersTest, BackgroundWorkIsDoneByFinish) {
  for (int repeat = 0; repeat < 200; ++repeat) {
    std::vector<std::atomic<int>> runs(37);
    BackgroundWork work(37, [&](int64_t i) { ++runs[static_cast<size_t>(i)]; });
    work.finish();
    for (const auto& count : runs) EXPECT_EQ(count, 1);
    work.finish();
  }
}

TEST_P(WorkersTest, OtherWorkMayComeBetween) {
  std::atomic<int> background = 0, between = 0;
  BackgroundWork work(50, [&](int64_t) { ++background; });
  parallel_for(20, [&](int64_t) { ++between; });
  EXPECT_EQ(between, 20);
  work.finish();
  EXPECT_EQ(background, 50);
}

TEST_P(WorkersTest, BackgroundExceptionsArriveAtFinish) {
  const auto throws = [](int64_t i) {
    if (i == 3) throw std::runtime_error("three");
  };
  BackgroundWork work(8, throws);
  EXPECT_THROW(work.finish(), std::runtime_error);
  { const BackgroundWork lost(8, throws); }
  std::atomic<int> count = 0;
  BackgroundWork(8, [&](int64_t) { ++count; }).finish();
  EXPECT_EQ(count, 8);
}

INSTANTIATE_TEST_SUITE_P(Counts, WorkersTest, testing::Values(1, 2, 5));

}  // namespace
}  // namespace reverie
