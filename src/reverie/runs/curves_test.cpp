#include <reverie/runs/curves.h>

#include <reverie/core/error.h>
#include <reverie/runs/figures.h>
#include <reverie/runs/trainer_fixture.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>

namespace reverie {
namespace {

RunRecord record(const std::string& method, const std::string& seed,
                 std::map<std::string, std::string> settings = {}) {
  return {method, "classic/pendulum", seed, std::move(settings), {}};
}

IterationRow row(int64_t env_steps, std::map<std::string, double> metrics) {
  return {1, env_steps, std::move(metrics), {}, {}};
}

TEST(Curves, AreMeansOfTheLastSteps) {
  const Curve curve = {{1000, 1}, {2000, 3}, {3000, 8}, {7000, 2}};
  EXPECT_EQ(over_last(2000, curve), (Curve{{1000, 1}, {2000, 2}, {3000, 5.5}, {7000, 2}}));
  EXPECT_EQ(over_last(5000, curve), (Curve{{1000, 1}, {2000, 2}, {3000, 4}, {7000, 5}}));
  EXPECT_EQ(over_last(1, curve), curve);
  EXPECT_EQ(over_last(1, {}), Curve{});
}

TEST(Curves, OfSeveralRunsAreMeanLowestAndHighest) {
  // The second begins later and lies between its points at 200; the first ends before it.
  const auto band = band_of({{{100, 1}, {200, 3}, {300, 5}}, {{150, 10}, {250, 20}, {400, 0}}});
  ASSERT_EQ(band.size(), 6);
  const auto expect = [&band](size_t i, double steps, double mean, double low, double high,
                              int64_t runs) {
    EXPECT_DOUBLE_EQ(band[i].steps, steps);
    EXPECT_DOUBLE_EQ(band[i].mean, mean) << steps;
    EXPECT_DOUBLE_EQ(band[i].low, low) << steps;
    EXPECT_DOUBLE_EQ(band[i].high, high) << steps;
    EXPECT_EQ(band[i].runs, runs) << steps;
  };
  expect(0, 100, 1, 1, 1, 1);
  expect(1, 150, 6, 2, 10, 2);
  expect(2, 200, 9, 3, 15, 2);
  expect(3, 250, 12, 4, 20, 2);
  expect(4, 300, (5 + 40.0 / 3) / 2, 5, 40.0 / 3, 2);
  expect(5, 400, 0, 0, 0, 1);
  EXPECT_TRUE(band_of({{}, {}}).empty());
}

TEST(Curves, LeaveOutRandomActionsAndWhatIsNoNumber) {
  RunRecord run = record("me-trpo", "1");
  run.iterations = {row(100, {{"return/real", 5}, {kRandomActions, 1}}),
                    row(200, {{"return/real", -6}, {"episode/length", 3}}),
                    row(300, {{"return/real", std::nan("")}, {"episode/length", 3}}),
                    row(400, {{"episode/length", 0}, {"return/real", 8}}),
                    row(500, {{"return/real", std::numeric_limits<double>::infinity()}})};
  EXPECT_EQ(curve_of(run, "return/real"), (Curve{{200, -6}, {400, 8}}));
  EXPECT_EQ(curve_of(run, "return/real", "episode/length"), (Curve{{200, -2}}));
  EXPECT_EQ(curve_of(run, "nosuch"), Curve{});
  EXPECT_EQ(curve_of(run, kRandomActions), (Curve{{100, 1}})) << "another figure of that iteration";
}

TEST(Curves, RunsThatDifferBySeedAloneAreOneGroup) {
  const auto groups = group_runs(
      {record("me-trpo", "1", {{"stop", "\"vote\""}, {"trpo.max_kl", "0.01"}}), record("trpo", "1"),
       record("me-trpo", "2", {{"stop", "\"vote\""}, {"trpo.max_kl", "0.01"}}),
       record("me-trpo", "2", {{"stop", "\"fixed\""}, {"trpo.max_kl", "0.01"}}),
       record("trpo", "1")});
  ASSERT_EQ(groups.size(), 3);
  EXPECT_EQ(groups[0].label, "me-trpo, stop=vote");
  EXPECT_EQ(count_of(groups[0]), "2 seeds");
  EXPECT_EQ(groups[1].label, "trpo");
  EXPECT_EQ(count_of(groups[1]), "1 seed");
  EXPECT_EQ(groups[1].repeats, 1) << "of one seed";
  EXPECT_EQ(groups[2].label, "me-trpo, stop=fixed");
  EXPECT_EQ(count_of(groups[2]), "1 seed");
}

TEST(Curves, LabelsNameTheTaskWhereThereAreSeveral) {
  RunRecord other = record("trpo", "1");
  other.task = "classic/lqr";
  const auto groups = group_runs({record("trpo", "1"), other});
  ASSERT_EQ(groups.size(), 2);
  EXPECT_EQ(groups[0].label, "trpo, classic/pendulum");
  EXPECT_EQ(groups[1].label, "trpo, classic/lqr");
}

TEST(Curves, ImaginedEpisodesAreWholeWhereTheyAreAsLongAsRealOnes) {
  const auto whole = [](double real, double imagined) {
    RunRecord run = record("me-trpo", "1"), model_free = record("trpo", "1");
    run.iterations = {row(100, {{"episode/length", real / 2}, {"return/real", 1}}),
                      row(200, {{"episode/length", real}})};
    if (imagined > 0) run.iterations[1].metrics["imagination/episode_length"] = imagined;
    model_free.iterations = {row(200, {{"episode/length", 70}})};
    return imagines_whole_episodes(group_runs({run, model_free}));
  };
  EXPECT_TRUE(whole(200, 200));
  EXPECT_TRUE(whole(200, 199));
  EXPECT_FALSE(whole(1000, 200));
  EXPECT_TRUE(whole(1000, 0)) << "there is no model";
}

using CurveFiles = testing::TrainerTest;

TEST_F(CurveFiles, AreReadFromARunWhateverItsVersion) {
  const RunFolder folder = create("run");
  EXPECT_THROW(read_record(folder), Error) << "no figures yet";
  train(folder, 4, false);
  const RunRecord run = read_record(folder);
  EXPECT_EQ(run.task, "classic/pendulum");
  EXPECT_EQ(run.seed, "7");
  EXPECT_EQ(run.settings.count("run.steps"), 0) << "tells none apart";
  EXPECT_EQ(run.settings.at("env.horizon"), "0");
  EXPECT_EQ(run.iterations.size(), Store(folder.store()).iterations().size());

  const auto rewrite = [&folder](const std::string& text) {
    std::ofstream(folder.config()) << "method = \"me-trpo\"\ntask = \"a/b\"\n" << text;
    return read_record(folder);
  };
  const RunRecord silent = rewrite("");
  EXPECT_EQ(silent.settings.at("stop"), "\"vote\"") << "built in";
  EXPECT_EQ(rewrite("stop = \"vote\"").settings, silent.settings);
  EXPECT_NE(rewrite("stop = \"fixed\"").settings, silent.settings);
  EXPECT_EQ(rewrite("of_another_version = 3").settings.at("of_another_version"), "3");
}

}  // namespace
}  // namespace reverie
