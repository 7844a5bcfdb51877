#include <reverie/core/random.h>
#include <reverie/models/heads.h>
#include <reverie/nn/kernels/mixture_head.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

struct MixtureHeadKernel : testing::Test {
  Tensor sampled(const Tensor& raw) const {
    Tensor out = torch::empty({50, 3});
    head.sample(raw.data_ptr<float>(), normal.data_ptr<float>(), uniform.data_ptr<float>(), 50,
                out.data_ptr<float>());
    return out;
  }
  Tensor mean(const Tensor& raw) const {
    Tensor out = torch::empty({50, 3});
    head.mean(raw.data_ptr<float>(), 50, out.data_ptr<float>());
    return out;
  }
  RandomStream random{6, "head"};
  HeadShape shape{Head::mixture, 3, 5};
  kernels::MixtureHead head{3, 5, -1.5f};
  Tensor normal = random.normal({50, 3}), uniform = random.uniform({50, 3}, 0, 1);
};

TEST_F(MixtureHeadKernel, EqualsTheTwin) {
  for (const double width : {1.0, 20.0}) {  // and weights that are nearly 0 and 1
    const auto raw = (width * random.normal({50, shape.outputs()})).contiguous();
    const Prediction said = shape.split(raw, torch::full({1, 1}, -1.5f));
    EXPECT_TRUE(torch::allclose(sampled(raw), drawn(said, normal, uniform), 1e-4, 1e-4));
    EXPECT_TRUE(torch::allclose(mean(raw), said.mean, 1e-4, 1e-4));
  }
}

TEST_F(MixtureHeadKernel, WhatIsNotFiniteStaysSo) {
  for (const int64_t part : {0, 1, 2}) {
    const auto raw = random.normal({50, shape.outputs()});
    raw.narrow(1, part * 15, 15).fill_(std::nan(""));
    EXPECT_TRUE(sampled(raw).isnan().all().item<bool>()) << part;
    EXPECT_EQ(mean(raw).isnan().all().item<bool>(), part != 1) << part;  // which asks no variance
  }
}

}  // namespace
}  // namespace reverie
