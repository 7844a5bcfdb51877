#include <reverie/cli/commands.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace reverie::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(DescribeSettings, ShowsWhatWouldRun) {
  const std::string pendulum =
      describe_settings({.method = "mb-mpo", .task = "classic/pendulum", .preset = "default"});
  EXPECT_THAT(pendulum, HasSubstr("  collect.random_steps = 4000\n"));
  EXPECT_THAT(pendulum, HasSubstr("  model.hidden = [128, 128]\n"));
  EXPECT_THAT(pendulum, Not(HasSubstr("on mbbl/half-cheetah")));
  const std::string published =
      describe_settings({.method = "mb-mpo", .task = "classic/pendulum", .preset = "rllib"});
  EXPECT_THAT(published, HasSubstr("  tasks = 10\n"));
  EXPECT_THAT(published, HasSubstr("  collect.buffer = 10000\n"));
  EXPECT_THAT(published, HasSubstr("  run.checkpoint_seconds = 30.0\n"));
}

TEST(DescribeSettings, WithoutATaskSaysWhatThePresetGivesSingleOnes) {
  const std::string text = describe_settings({.method = "mb-mpo"});
  EXPECT_THAT(text, HasSubstr("  collect.random_steps = 8000\n"));
  EXPECT_THAT(text, HasSubstr("\n      on classic/pendulum: 4000\n"));
  EXPECT_THAT(describe_settings({.method = "mb-mpo", .preset = "none"}),
              HasSubstr("  policy.output_scale = 1.0\n"));
}

TEST(DescribeSettings, TakesFlagsAndATaskAlone) {
  ExperimentRequest request{.method = "classic/pendulum"};
  request.flags = {{"tasks", "7", "--set"}};
  EXPECT_THAT(describe_settings(request), HasSubstr("  tasks = 7\n"));
}

}  // namespace
}  // namespace reverie::cli
