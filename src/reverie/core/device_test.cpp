#include <reverie/core/device.h>
#include <reverie/core/error.h>

#include <gmock/gmock.h>

namespace reverie {
namespace {

using ::testing::HasSubstr;

std::string refusal(const std::string& name) {
  try {
    parse_device(name);
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("run.device"));
    return error.what();
  }
  return "";
}

TEST(Device, NamesThatMeanNothingAreRefused) {
  EXPECT_EQ(parse_device("cpu"), torch::Device(torch::kCPU));
  for (const char* name : {"", "toaster", "CPU", "cpu:1", "cuda:", "cuda:x", "cuda:-1", "cuda:1x",
                           "cuda:9999999999", "cuda1"})
    EXPECT_THAT(refusal(name), HasSubstr("cpu, cuda or cuda:N")) << name;
}

TEST(Device, WithoutCudaTheRefusalSaysWhyAndWhatToDo) {
  if (torch::cuda::is_available()) GTEST_SKIP() << "there is CUDA here: " << cuda_description();
  for (const char* name : {"cuda", "cuda:0", "cuda:3"}) {
    EXPECT_THAT(refusal(name), HasSubstr(cuda_description()));
    EXPECT_THAT(refusal(name), HasSubstr("cpu"));
    EXPECT_THAT(refusal(name), ::testing::Not(HasSubstr("\n")));
  }
  EXPECT_THAT(cuda_description(), HasSubstr("no CUDA"));
}

TEST(Device, WithCudaEveryDeviceHasItsName) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << cuda_description();
  EXPECT_EQ(parse_device("cuda"), torch::Device(torch::kCUDA, 0));
  EXPECT_EQ(parse_device("cuda:0"), torch::Device(torch::kCUDA, 0));
  EXPECT_THAT(refusal("cuda:127"), HasSubstr("only"));
}

}  // namespace
}  // namespace reverie
