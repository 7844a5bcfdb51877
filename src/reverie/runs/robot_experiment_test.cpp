// What an experiment on a robot of one's own learns beside the robot's motion.
#include <reverie/envs/robots/robot_fixture.h>
#include <reverie/runs/experiment.h>

#include <fmt/core.h>
#include <unistd.h>

namespace reverie {
namespace {

using namespace testing_robots;

const std::string unseen =
    basics + paid + "[[healthy]]\nsite_position = \"hand\"\ncomponent = \"y\"\nbelow = 0.6\n";

bool learns_end(const std::string& task, std::vector<ExperimentRequest::Flag> flags = {}) {
  Experiment experiment = resolve({.method = "mb-mpo", .task = task, .flags = std::move(flags)});
  return experiment.to_toml(false).find("learn_end = true") != std::string::npos;
}

TEST(RobotExperiment, AnEndThatIsNotObservedIsLearned) {
  EXPECT_TRUE(learns_end(written(unseen)));
  EXPECT_FALSE(learns_end(written(basics + paid)));
  EXPECT_FALSE(learns_end(written(unseen), {{"model.learn_end", "false", "--set"}}));
  EXPECT_FALSE(learns_end("gym/hopper"));
  Experiment stubborn = resolve({.method = "mb-mpo",
                                 .task = written(unseen),
                                 .flags = {{"model.learn_end", "false", "--set"}}});
  EXPECT_TRUE(stubborn.leaves_out_ends());
}

TEST(RobotExperiment, ARunOfAnEarlierVersionGoesOnAsItWas) {
  Experiment experiment = resolve({.method = "mb-mpo", .task = written(unseen)});
  std::string text = experiment.to_toml(false);
  const std::string line = "learn_end = true\n";
  text.replace(text.find(line), line.size(), "");  // it knew of no such setting
  const std::string file =
      ::testing::TempDir() + fmt::format("reverie_{}_earlier.toml", ::getpid());
  std::ofstream(file) << text;
  EXPECT_NE(read_experiment(file).to_toml(false).find("learn_end = false"), std::string::npos);
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace reverie
