#include <reverie/core/helped_loop.h>

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>
#include <vector>

namespace reverie {
namespace {

struct HelpedLoopTest : testing::TestWithParam<int> {
  HelpedLoopTest() { loop.open(); }
  void SetUp() override {
    for (int i = 0; i < GetParam(); ++i) helpers.emplace_back([this] { loop.help(); });
  }
  void TearDown() override {
    loop.close();
    for (auto& helper : helpers) helper.join();
  }
  HelpedLoop loop;
  std::vector<std::thread> helpers;
};

TEST_P(HelpedLoopTest, RunsEveryIndexOnceBeforeTheNextLoop) {
  std::vector<int> runs(23);
  for (int repeat = 0; repeat < 2000; ++repeat) {
    const int64_t count = repeat % 24;
    loop.run(count, [&](int64_t i) { ++runs[static_cast<size_t>(i)]; });
    for (int64_t i = 0; i < count; ++i) EXPECT_EQ(runs[static_cast<size_t>(i)], 1);
    std::fill(runs.begin(), runs.end(), 0);
  }
}

TEST_P(HelpedLoopTest, AnExceptionArrivesAndTheLoopsGoOn) {
  EXPECT_THROW(loop.run(9,
                        [](int64_t i) {
                          if (i == 3) throw std::runtime_error("three");
                        }),
               std::runtime_error);
  std::atomic<int> count = 0;
  loop.run(8, [&](int64_t) { ++count; });
  EXPECT_EQ(count, 8);
}

TEST_P(HelpedLoopTest, HelpersComeAndGo) {
  std::atomic<int64_t> sum = 0;
  for (int repeat = 0; repeat < 50; ++repeat) {
    std::thread late([this] { loop.help(); });
    for (int inner = 0; inner < 20; ++inner) loop.run(5, [&](int64_t i) { sum += i; });
    loop.close();
    late.join();
    loop.open();
  }
  EXPECT_EQ(sum, 50 * 20 * 10);
}

// Who fails to get the last index may find the loop closed in the same moment, and must not wait.
TEST_P(HelpedLoopTest, ClosingNeverLeavesAHelperBehind) {
  for (int repeat = 0; repeat < 3000; ++repeat) {
    std::thread helper([this] { loop.help(); });
    for (int inner = 0; inner < 20; ++inner) loop.run(2, [](int64_t) {});
    loop.close();
    helper.join();  // hangs where it is left behind
    loop.open();
  }
}

INSTANTIATE_TEST_SUITE_P(Helpers, HelpedLoopTest, testing::Values(0, 1, 3, 8));

}  // namespace
}  // namespace reverie
