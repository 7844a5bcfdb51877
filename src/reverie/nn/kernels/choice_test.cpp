#include <reverie/core/workers.h>
#include <reverie/nn/kernels/choice.h>

#include <gtest/gtest.h>

#include <atomic>

namespace reverie {
namespace {

TEST(KernelChoice, FloatsOnTheCpuUnlessForced) {
  const auto floats = torch::zeros({3});
  EXPECT_TRUE(kernels::serve(floats));
  EXPECT_FALSE(kernels::serve(floats.to(torch::kFloat64)));
  EXPECT_FALSE(kernels::serve(torch::zeros({3}, torch::kMeta)));  // any other device
  {
    const kernels::ForceTorch force;
    const kernels::ForceTorch again;
    EXPECT_FALSE(kernels::serve(floats));
    std::atomic<int> served{0};
    parallel_for(8, [&](int64_t) { served += kernels::serve(floats) ? 1 : 0; });
    EXPECT_EQ(served, 0) << "workers must choose as their caller";
  }
  EXPECT_TRUE(kernels::serve(floats));
}

}  // namespace
}  // namespace reverie
