// For tests that run once on the CPU and, where available, once on CUDA.
#pragma once

#include <reverie/core/device.h>

#include <gtest/gtest.h>

#include <string_view>

namespace reverie::testing {

class OnEachDevice : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (GetParam() != std::string_view("cpu") && !torch::cuda::is_available())
      GTEST_SKIP() << cuda_description();
  }
  torch::Device device() const { return torch::Device(GetParam()); }
};

#define REVERIE_ON_EACH_DEVICE(suite)                                          \
  INSTANTIATE_TEST_SUITE_P(Devices, suite, ::testing::Values("cpu", "cuda:0"), \
                           [](const auto& device) { return device.index == 0 ? "cpu" : "cuda"; })

}  // namespace reverie::testing
