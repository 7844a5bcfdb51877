// `reverie plot` as a person meets it.
#include <reverie/cli/program_fixture.h>
#include <reverie/runs/run_folder.h>
#include <reverie/runs/store.h>

#include <fstream>

namespace reverie::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class PlotTest : public ProgramTest {
 protected:
  /// A run of three iterations of 1,000 steps, whose returns rise from `first` by 10.
  void make_run(const std::string& name, const std::string& method, int seed, double first,
                double imagined_length = 0, const std::string& settings = "") {
    const RunFolder folder(root_ / name);
    fs::create_directories(folder.root());
    std::ofstream(folder.config())
        << fmt::format("method = \"{}\"\ntask = \"mbbl/half-cheetah\"\n{}\n[run]\nseed = {}\n",
                       method, settings, seed);
    Store store(folder.store());
    for (int64_t i = 1; i <= 3; ++i) {
      IterationRow row;
      row.iteration = i;
      row.env_steps = 1000 * i;
      row.metrics = {{"return/real", first + 10.0 * static_cast<double>(i - 1)},
                     {"episode/length", 1000}};
      if (imagined_length > 0) {
        row.metrics["return/imagined"] = first / 5;
        row.metrics["imagination/episode_length"] = imagined_length;
      }
      store.add(row);
    }
  }
  std::string picture(const std::string& name = "runs.svg") const {
    return read_file(root_ / name);
  }
};

TEST_F(PlotTest, DrawsGroupsAndWhatTheirModelsPromised) {
  make_run("runs/a", "me-trpo", 1, 100, 200);
  make_run("runs/b", "me-trpo", 2, 200, 200);
  make_run("runs/c", "trpo", 1, -50);
  const ProgramResult result =
      run({"plot", "a", "runs/b", "c", "a", "--window", "2k", "--published", "theirs: mean:640"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out,
            "me-trpo (2 seeds): 165 at 3k\n"
            "trpo (1 seed): \u221235 at 3k\n"
            "runs.svg\n");
  for (const char* part :
       {"mbbl/half-cheetah", "me-trpo (2 seeds)", "165 at 3k", "theirs: mean: 640<",
        "mean of the last 2,000 steps", "return per step: real (solid)"})
    EXPECT_THAT(picture(), HasSubstr(part));
}

TEST_F(PlotTest, WithoutAModelThereIsOnePanel) {
  make_run("c", "trpo", 1, -50);
  make_run("d", "trpo", 1, 5, 0, "trpo.max_kl = 0.5");
  ASSERT_EQ(run({"plot", "c", "d", "--out", "x.svg", "--label", "one & only", "--label", "other",
                 "--title", "Mine"})
                .code,
            0);
  EXPECT_THAT(picture("x.svg"), Not(HasSubstr("imagined")));
  for (const char* part : {"one &amp; only (1 seed)", "other (1 seed)", ">Mine<"})
    EXPECT_THAT(picture("x.svg"), HasSubstr(part));
  EXPECT_THAT(run({"plot", "c", "d"}).out, HasSubstr("trpo, trpo.max_kl=0.5 (1 seed)"));
}

TEST_F(PlotTest, WhatIsWrongIsOneLine) {
  make_run("a", "me-trpo", 1, 100, 1000);
  make_run("b", "trpo", 1, 100);
  fs::create_directories(root_ / "young");
  std::ofstream(root_ / "young/config.toml") << "method = \"trpo\"\ntask = \"a/b\"\n";
  expect_error({"plot"}, 2, {"RUN", "plot --help"});
  expect_error({"plot", "nosuch"}, 1, {"no folder nosuch"});
  expect_error({"plot", "a", "young"}, 1, {"young has no figures yet"});
  expect_error({"plot", "a", "--out", "a.png"}, 2, {"--out", ".svg", "a.png"});
  expect_error({"plot", "a", "--out", "no/where.svg"}, 1, {"no/where.svg"});
  expect_error({"plot", "a", "--metric", "return/reel"}, 2, {"return/reel", "'return/real'"});
  expect_error({"plot", "a", "--window", "0"}, 2, {"--window", "from 1"});
  expect_error({"plot", "a", "b", "--label", "x"}, 2, {"2 curves (me-trpo; trpo)", "1 label"});
  expect_error({"plot", "a", "--published", "550"}, 2, {"NAME:VALUE", "550"});
  expect_error({"plot", "a", "--published", "x:nan"}, 2, {"x:nan"});
  EXPECT_FALSE(fs::exists(root_ / "runs.svg"));
}

}  // namespace
}  // namespace reverie::cli
