#include <reverie/cli/views.h>
#include <reverie/runs/figures.h>
#include <reverie/runs/files.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace reverie::cli {
namespace {

using ::testing::HasSubstr;

TEST(Views, NumbersForPeople) {
  EXPECT_EQ(format_count(7), "7");
  EXPECT_EQ(format_count(1234567), "1,234,567");
  EXPECT_EQ(format_count(1002003), "1,002,003");
  EXPECT_EQ(format_rate(999), "999");
  EXPECT_EQ(format_rate(45600), "45.6k");
  EXPECT_EQ(format_rate(2.5e6), "2.50M");
  EXPECT_EQ(format_duration(42), "42 s");
  EXPECT_EQ(format_duration(185), "3 min 05 s");
  EXPECT_EQ(format_duration(7620), "2 h 07 min");
}

TEST(Views, SparklineRisesWithItsValues) {
  EXPECT_EQ(sparkline({}, 10), "");
  EXPECT_EQ(sparkline({0, 7}, 10), "▁█");
  EXPECT_EQ(sparkline({100, 0, 7}, 2), "▁█");
}

/// All lines of the block.
std::string block(const LiveView& view) {
  std::string text;
  for (const auto& line : view.lines(120)) text += line + "\n";
  return text;
}

IterationRow row(double real) {
  IterationRow row;
  row.metrics = {{"return/real", real},
                 {"episode/length", 123.0},
                 {"policy/std", 0.25},
                 {"policy/saturated", 0.5},
                 {"model/new_data_error", 0.00123}};
  return row;
}

TEST(Views, ShowWhatTellsHowItLearns) {
  LiveView view("title", false);
  view.history({row(1), row(2), row(3)});
  const std::string live = block(view);
  for (const char* part : {"▁▅█", "episode length 123", "std 0.25", "saturated actions 0.5",
                           "error on new data 0.0012"})
    EXPECT_THAT(live, HasSubstr(part));
  ::testing::internal::CaptureStdout();
  LineView lines;
  lines.iteration(row(3), {});
  const std::string line = ::testing::internal::GetCapturedStdout();
  for (const char* part :
       {"episode length 123", "std 0.25", "saturated actions 0.5", "error on new data 0.0012"})
    EXPECT_THAT(line, HasSubstr(part));
}

TEST(Views, TheReturnOfRandomActionsIsNoPolicys) {
  IterationRow first = row(1);
  first.metrics[kRandomActions] = 1;
  ::testing::internal::CaptureStdout();
  LineView lines;
  lines.iteration(first, {});
  lines.iteration(row(2), {});
  const std::string line = ::testing::internal::GetCapturedStdout();
  EXPECT_THAT(line, HasSubstr("real return 1.0 (random actions)"));
  EXPECT_THAT(line, HasSubstr("real return 2.0  "));
  LiveView view("title", false);
  view.history({first});
  EXPECT_THAT(block(view), HasSubstr("(random actions)"));
  view.history({row(2)});
  EXPECT_THAT(block(view), ::testing::Not(HasSubstr("(random actions)")));
}

TEST(Views, AtTheEndNothingIsBeingDone) {
  LiveView view("title", false);
  EXPECT_THAT(block(view), HasSubstr("  now  "));
  ::testing::internal::CaptureStdout();
  view.finish("done: 1 real steps");
  EXPECT_THAT(::testing::internal::GetCapturedStdout(), HasSubstr("done"));
  EXPECT_THAT(block(view), ::testing::Not(HasSubstr("  now  ")));
}

TEST(Views, TheTitleIsNotSaidTwice) {
  ::testing::internal::CaptureStdout();
  LiveView live("mb-mpo on classic/pendulum", false);
  live.begin("mb-mpo on classic/pendulum");
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
  ::testing::internal::CaptureStdout();
  LineView lines;
  lines.begin("mb-mpo on classic/pendulum");
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "mb-mpo on classic/pendulum\n");
}

TEST(Views, TheTimeThatIsLeft) {
  RunStatus status;
  EXPECT_EQ(format_eta(status), "?");
  status.seconds_left = 61;
  EXPECT_EQ(format_eta(status), format_duration(61));
}

TEST(Views, LinesFitTheTerminal) {
  EXPECT_EQ(fit_width("▁▂▃abc", 4), "▁▂▃a");
  EXPECT_EQ(fit_width("\033[1mabc\033[0m", 2), "\033[1mab\033[0m");
  LiveView view("mb-mpo on classic/pendulum", true);
  for (const int width : {20, 80, 200})
    for (const auto& line : view.lines(width)) EXPECT_EQ(line, fit_width(line, width));
}

}  // namespace
}  // namespace reverie::cli
