// Work that may be captured: what holds where nothing is, and that graphs are off unless asked for.
#include <reverie/core/captured_work.h>
#include <reverie/core/error.h>
#include <reverie/core/test_devices.h>

namespace reverie {
namespace {

struct CapturedWorkOnDevice : testing::OnEachDevice {
  void TearDown() override { cuda_graphs::use(false); }
};

TEST_P(CapturedWorkOnDevice, EveryRunCountsAndReadsWhatStandsThere) {
  for (const bool wanted : {false, true}) {
    if (wanted && !cuda_graphs::built()) continue;
    cuda_graphs::use(wanted);
    auto x = torch::zeros({3}, device()), sum = torch::zeros({3}, device());
    CapturedWork work(device(), [&] { sum.add_(x * 2); });
    for (int i = 1; i <= 7; ++i) {  // calls, the recording, and what was recorded
      x.fill_(i);
      work.run();
    }
    EXPECT_TRUE(torch::equal(sum.cpu(), torch::full({3}, 2.0f * 28)));
  }
}

TEST_P(CapturedWorkOnDevice, AnErrorOfTheWorkComesThrough) {
  CapturedWork work(device(), [] { throw Error("no"); });
  EXPECT_THROW(work.run(), Error);
}

REVERIE_ON_EACH_DEVICE(CapturedWorkOnDevice);

TEST(CudaGraphs, AreOffUnlessAskedForAndRefusedWhereNotBuilt) {
  const auto cuda = torch::Device(torch::kCUDA, 0);
  EXPECT_FALSE(cuda_graphs::used(cuda));
  EXPECT_FALSE(cuda_graphs::used(torch::kCPU));
  if (cuda_graphs::built()) {
    cuda_graphs::use(true);
    EXPECT_TRUE(cuda_graphs::used(cuda));
    EXPECT_FALSE(cuda_graphs::used(torch::kCPU));
    cuda_graphs::use(false);
  } else {
    EXPECT_THROW(cuda_graphs::use(true), UsageError);
  }
  EXPECT_FALSE(cuda_graphs::used(cuda));
  {
    const cuda_graphs::Emulate emulate;
    EXPECT_TRUE(cuda_graphs::used(torch::kCPU));
  }
  EXPECT_FALSE(cuda_graphs::used(torch::kCPU));
}

}  // namespace
}  // namespace reverie
