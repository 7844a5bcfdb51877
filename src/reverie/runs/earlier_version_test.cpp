// Runs that an earlier version began: what it did not know of has its built-in value.
#include <reverie/core/error.h>
#include <reverie/runs/checkpoint_fixture.h>
#include <reverie/runs/files.h>
#include <reverie/runs/saved_agent.h>
#include <reverie/runs/trainer.h>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

namespace reverie {
namespace {

namespace fs = std::filesystem;
using namespace testing_checkpoints;

/// A text without the lines that begin by one of these.
std::string without(const std::string& text, const std::vector<std::string>& begins) {
  std::istringstream in(text);
  std::string left;
  for (std::string line; std::getline(in, line);) {
    bool dropped = false;
    for (const std::string& begin : begins) dropped |= line.starts_with(begin);
    if (!dropped) left += line + "\n";
  }
  return left;
}

class EarlierVersionTest : public ::testing::Test {
 protected:
  EarlierVersionTest()
      : root_(fs::temp_directory_path() /
              fmt::format("reverie_earlier_{}_{}", ::getpid(),
                          ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::remove_all(root_);
  }
  ~EarlierVersionTest() override { fs::remove_all(root_); }

  RunFolder create(const std::string& name, const std::vector<std::string>& sets = {}) {
    Experiment experiment(find_agent("mb-mpo"), find_task("classic/pendulum"), kNoPreset);
    Settings settings = experiment.settings();
    for (const char* set :
         {"env.horizon=20", "random_steps=40", "buffer=60", "tasks=2", "real_rollouts=1",
          "imagined_rollouts=2", "meta_steps=1", "model.members=2", "model.hidden=[4]",
          "policy.hidden=[4]", "fit.first_epochs=1", "fit.epochs=1", "run.eval_every=0",
          "run.steps=200"})
      settings.assign(std::string(set), "test");
    for (const std::string& set : sets) settings.assign(set, "test");
    return create_run(experiment, (root_ / name).string()).folder;
  }
  static bool train(const RunFolder& folder, int phases, bool resume) {
    Experiment experiment = read_experiment(folder.config());
    TrainingView silent;
    Trainer trainer(experiment, folder, silent);
    if (resume) trainer.resume();
    return trainer.run([&phases] { return --phases <= 0; });
  }

  /// Makes the newest checkpoint one that has neither these records nor these settings.
  static void age(const RunFolder& folder, const std::vector<std::string>& lacking,
                  const std::vector<std::string>& settings) {
    const Checkpoints checkpoints(folder.checkpoints());
    const fs::path file = checkpoints.path(checkpoints.numbers().back());
    auto records = take_apart(read_file(file));
    const size_t before = records.size();
    std::erase_if(records, [&](const Record& record) {
      return std::find(lacking.begin(), lacking.end(), record.name) != lacking.end();
    });
    ASSERT_EQ(records.size() + lacking.size(), before);
    for (Record& record : records) {
      if (record.name != "settings") continue;
      const std::string left = without(record.payload, settings);
      ASSERT_LT(left.size(), record.payload.size());
      record.payload = left;
    }
    write_file_atomically(file, put_together(records));
  }

  fs::path root_;
};

TEST_F(EarlierVersionTest, ARunGoesOnAndIsEvaluated) {
  const RunFolder whole = create("whole"), folder = create("earlier");
  EXPECT_TRUE(train(whole, 1 << 30, false));
  EXPECT_FALSE(train(folder, 4, false));
  age(folder, {"agent/policy_given", "unfinished"},
      {"model.learn_end", "policy.init =", "run.final_episodes"});
  const std::string text = read_file(folder.config());
  const std::string left = without(text, {"learn_end", "init =", "final_episodes"});
  ASSERT_LT(left.size(), text.size());
  write_file_atomically(folder.config(), left);
  EXPECT_NO_THROW(SavedAgent(read_experiment(folder.config()), folder, [](const std::string&) {}));
  EXPECT_TRUE(train(folder, 1 << 30, true));
  EXPECT_EQ(read_file(folder.policy()), read_file(whole.policy()));
  const Checkpoints ended(folder.checkpoints()), never(whole.checkpoints());
  EXPECT_EQ(read_file(ended.path(ended.numbers().back())),
            read_file(never.path(never.numbers().back())));
}

TEST_F(EarlierVersionTest, AnotherValueThanTheBuiltInIsRefused) {
  const RunFolder folder = create("earlier", {"run.final_episodes=7"});
  EXPECT_FALSE(train(folder, 4, false));
  age(folder, {}, {"run.final_episodes"});
  try {
    train(folder, 1 << 30, true);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("'run.final_episodes = 7'"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace reverie
