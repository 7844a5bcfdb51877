#include <reverie/cli/views.h>
#include <reverie/runs/files.h>

#include <gtest/gtest.h>

namespace reverie::cli {
namespace {

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

TEST(Views, LinesFitTheTerminal) {
  EXPECT_EQ(fit_width("▁▂▃abc", 4), "▁▂▃a");
  EXPECT_EQ(fit_width("\033[1mabc\033[0m", 2), "\033[1mab\033[0m");
  LiveView view("mb-mpo on classic/pendulum", true);
  for (const int width : {20, 80, 200})
    for (const auto& line : view.lines(width)) EXPECT_EQ(line, fit_width(line, width));
}

}  // namespace
}  // namespace reverie::cli
