#include <reverie/runs/signs.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace reverie {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A method that knows a remedy against some signs.
struct Method : AgentConfig {
  void describe(Settings&) override {}
  std::string_view advice(Sign sign) const override {
    if (sign == Sign::imagined_too_high) return "dream less";
    if (sign == Sign::useless_model) return "look longer";
    return {};
  }
};

/// What is said in each iteration of a run whose metrics are these.
std::vector<std::vector<std::string>> told(
    const std::vector<std::map<std::string, double>>& iterations, int64_t horizon = 200) {
  const Method method;
  Signs signs(horizon, method);
  std::vector<std::vector<std::string>> lines;
  for (const auto& metrics : iterations) {
    IterationRow row;
    row.metrics = metrics;
    lines.push_back(signs.see(row));
  }
  return lines;
}

/// All that is said.
std::vector<std::string> all(const std::vector<std::map<std::string, double>>& iterations,
                             int64_t horizon = 200) {
  std::vector<std::string> flat;
  for (const auto& lines : told(iterations, horizon))
    flat.insert(flat.end(), lines.begin(), lines.end());
  return flat;
}

std::map<std::string, double> returns(double real, double imagined) {
  return {{"return/real", real}, {"return/imagined", imagined}};
}

TEST(Signs, TheImaginedReturnFarAboveTheRealOne) {
  const auto lines = told({returns(-50, 300), returns(-40, 900), returns(-30, 900),
                           returns(-35, 900), returns(-35, 900)});
  for (const size_t early : {0, 1, 2}) EXPECT_THAT(lines[early], IsEmpty()) << early;
  EXPECT_THAT(lines[3], ElementsAre(AllOf(HasSubstr("900"), HasSubstr("-35"),
                                          HasSubstr("errors; dream less"))));
  EXPECT_THAT(lines[4], IsEmpty()) << "once is enough";
}

TEST(Signs, ARealReturnThatFollowsIsHealthy) {
  EXPECT_THAT(all({returns(-50, 100), returns(10, 200), returns(120, 300), returns(200, 380),
                   returns(310, 450), returns(400, 520)}),
              IsEmpty());
  // Costs: 0 at best, and far from it at first.
  EXPECT_THAT(all({returns(-1200, -700), returns(-900, -300), returns(-400, -200),
                   returns(-180, -150), returns(-160, -140)}),
              IsEmpty());
}

TEST(Signs, AShorterImaginationIsHeldAgainstAsMuchOfTheRealReturn) {
  // 1,000 real steps at 1 a step; 50 imagined ones at 3.
  std::vector<std::map<std::string, double>> run;
  for (int i = 0; i < 6; ++i) {
    auto metrics = returns(1000 + i, 150);
    metrics["episode/length"] = 1000;
    metrics["imagination/episode_length"] = 50;
    run.push_back(metrics);
  }
  EXPECT_THAT(all(run), ElementsAre(HasSubstr("150")));
  for (auto& metrics : run) metrics["return/imagined"] = 52;
  EXPECT_THAT(all(run), IsEmpty());
}

TEST(Signs, TheRealReturnsRangeBeginsAtTheFirst) {
  // Before the first real return there is none, rather than 0.
  EXPECT_THAT(all({{}, returns(-1000, -500), returns(-1001, -500), returns(-1000, -500)}),
              ElementsAre(HasSubstr("-500")));
}

TEST(Signs, AStdThatHasCollapsed) {
  const auto std = [](double value) {
    return std::map<std::string, double>{{"policy/std", value}};
  };
  EXPECT_THAT(all({std(0.5), std(0.3), std(0.03)}), IsEmpty());
  EXPECT_THAT(all({std(0.5), std(0.3), std(0.02), std(0.01)}),
              ElementsAre(AllOf(HasSubstr("0.5 to 0.02"), EndsWith("tries nothing new"))));
}

TEST(Signs, EpisodesOfAFewSteps) {
  const auto lengths = [](const std::vector<double>& values) {
    std::vector<std::map<std::string, double>> run;
    for (const double value : values) run.push_back({{"episode/length", value}});
    return run;
  };
  EXPECT_THAT(all(lengths({6, 5, 5, 5, 5}), 1000), ElementsAre(HasSubstr("5 of 1000 steps")));
  EXPECT_THAT(all(lengths({6, 5, 5, 60, 5, 5}), 1000), IsEmpty()) << "not on end";
  EXPECT_THAT(all(lengths({8, 8, 8, 8, 8}), 10), IsEmpty()) << "a task of ten steps";
}

TEST(Signs, AModelNoBetterThanItsMean) {
  const auto error = [](double value) {
    return std::map<std::string, double>{{"model/new_data_error", value}};
  };
  EXPECT_THAT(all({{}, error(1.2), error(1.1), error(1.3)}),
              ElementsAre(AllOf(HasSubstr("mean"), HasSubstr("observed? else look longer"))));
  EXPECT_THAT(all({{}, error(1.2), error(0.4), error(1.1), error(0.2)}), IsEmpty());
}

TEST(Signs, NothingRecordedNothingSeen) {
  EXPECT_THAT(all({{}, {}, {}, {}, {}}), IsEmpty());
}

TEST(Signs, ACriticThatDiverges) {
  const auto critic = [](double loss, double q) {
    return std::map<std::string, double>{{"critic/loss", loss}, {"critic/q", q}};
  };
  EXPECT_THAT(all({critic(0.1, 1), critic(0.2, 5), critic(40, 20), critic(900, 50)}),
              ElementsAre(AllOf(HasSubstr("diverges"), HasSubstr("0.1 to 900"))));
  // Values grow as the policy does better, and errors with them.
  EXPECT_THAT(all({critic(0.001, 0.1), critic(0.1, 5), critic(3, 90), critic(8, 200)}), IsEmpty());
  // A loss that was as low long ago.
  std::vector<std::map<std::string, double>> slow = {critic(0.01, 1)};
  for (int i = 0; i < 20; ++i) slow.push_back(critic(30, 1));
  slow.erase(slow.begin() + 1);
  EXPECT_EQ(all(slow).size(), 1u);
  slow.insert(slow.begin() + 1, 20, critic(0.5, 1));
  EXPECT_THAT(all(slow), IsEmpty());
}

}  // namespace
}  // namespace reverie
