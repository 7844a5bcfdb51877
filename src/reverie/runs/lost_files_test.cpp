// What of a run is lost or damaged comes back, or is asked for.
#include <reverie/core/error.h>
#include <reverie/runs/trainer_fixture.h>

#include <algorithm>
#include <fstream>

namespace reverie {
namespace {

namespace fs = std::filesystem;
using namespace testing;

class LostFilesTest : public TrainerTest {};

TEST_F(LostFilesTest, ADamagedCheckpointCostsOnlyTime) {
  const auto whole = create("whole"), folder = create("damaged");
  train(whole, 1 << 30, false);
  EXPECT_FALSE(train(folder, 21, false));
  const Checkpoints checkpoints(folder.checkpoints());
  fs::resize_file(checkpoints.path(checkpoints.numbers().back()), 1000);
  EXPECT_TRUE(train(folder, 1 << 30, true));
  EXPECT_EQ(last_checkpoint(folder), last_checkpoint(whole));
  EXPECT_EQ(figures(folder), figures(whole));
}

TEST_F(LostFilesTest, WithoutACheckpointAResumeStartsAnew) {
  const auto whole = create("whole"), folder = create("early");
  train(whole, 1 << 30, false);
  EXPECT_TRUE(train(folder, 1 << 30, true));  // no checkpoint yet
  EXPECT_EQ(last_checkpoint(folder), last_checkpoint(whole));
}

// As of a version that wrote the row before the file, and was killed between the two.
TEST_F(LostFilesTest, ARowWithoutItsFileIsNoCheckpoint) {
  const auto whole = create("whole"), folder = create("early");
  train(whole, 1 << 30, false);
  EXPECT_FALSE(train(folder, 3, false));
  fs::remove(Checkpoints(folder.checkpoints()).path(3));
  EXPECT_TRUE(train(folder, 1 << 30, true));
  EXPECT_EQ(last_checkpoint(folder), last_checkpoint(whole));
  EXPECT_EQ(figures(folder), figures(whole));
}

TEST_F(LostFilesTest, CheckpointsThatWereTakenAwayAreAskedFor) {
  const auto folder = create("run");
  EXPECT_FALSE(train(folder, 9, false));
  fs::remove_all(folder.checkpoints());
  try {
    train(folder, 1 << 30, true);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("put it back"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("train --config"), std::string::npos);
  }
}

TEST_F(LostFilesTest, ALostStoreComesBackFromTheEvents) {
  const auto whole = create("whole"), folder = create("lost");
  train(whole, 1 << 30, false);
  EXPECT_FALSE(train(folder, 21, false));  // seven of twelve iterations
  fs::remove(folder.store());
  EXPECT_TRUE(train(folder, 1 << 30, true));
  EXPECT_EQ(last_checkpoint(folder), last_checkpoint(whole));
  const Store lost(folder.store()), kept(whole.store());
  ASSERT_EQ(lost.iterations().size(), kept.iterations().size());
  for (size_t i = 0; i < kept.iterations().size(); ++i) {
    const auto had = kept.iterations()[i], has = lost.iterations()[i];
    EXPECT_EQ(has.env_steps, had.env_steps);
    for (const auto& [name, value] : had.metrics) {
      if (name.starts_with("time/")) continue;
      EXPECT_EQ(static_cast<float>(has.metrics.at(name)), static_cast<float>(value)) << name;
    }
  }
  ASSERT_EQ(lost.evaluations().size(), kept.evaluations().size());
  EXPECT_EQ(lost.evaluations().back().return_mean, kept.evaluations().back().return_mean);
  EXPECT_NE(read_file(folder.summary()).find("return_mean"), std::string::npos);
}

TEST_F(LostFilesTest, AStoreLostAgainKeepsItsNumbers) {
  const auto whole = create("whole"), folder = create("lost");
  train(whole, 1 << 30, false);
  const auto warnings = [&](int phases) {
    auto same = experiment();
    RememberingView view;
    Trainer trainer(same, folder, view);
    trainer.resume();
    trainer.run([&phases] { return --phases <= 0; });
    return std::count_if(view.notes.begin(), view.notes.end(), [](const std::string& line) {
      return line.find("lacked") != std::string::npos;
    });
  };
  EXPECT_FALSE(train(folder, 12, false));  // four iterations
  fs::remove(folder.store());
  for (const auto& entry : fs::directory_iterator(folder.root()))
    if (entry.path().filename().string().starts_with("events.")) fs::remove(entry.path());
  EXPECT_EQ(warnings(9), 1);  // until the seventh
  EXPECT_EQ(warnings(4), 0) << "what was lost for good is told once";
  fs::remove(folder.store());  // in mid-iteration
  EXPECT_EQ(warnings(1 << 30), 1);
  EXPECT_EQ(last_checkpoint(folder), last_checkpoint(whole));
  const auto has = Store(folder.store()).iterations(), had = Store(whole.store()).iterations();
  ASSERT_EQ(has.size(), 8u);
  for (size_t i = 0; i < has.size(); ++i) {
    EXPECT_EQ(has[i].iteration, had[i + 4].iteration);
    EXPECT_EQ(has[i].env_steps, had[i + 4].env_steps);
  }
}

TEST_F(LostFilesTest, ADamagedStoreSaysTheWayOutAndLosesNothing) {
  const auto folder = create("run");
  EXPECT_FALSE(train(folder, 9, false));
  const std::string summary = read_file(folder.summary()), checkpoint = last_checkpoint(folder);
  std::ofstream(folder.store(), std::ios::binary) << std::string(8192, 'x');
  try {
    train(folder, 1 << 30, true);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("resume"), std::string::npos) << error.what();
  }
  EXPECT_EQ(read_file(folder.summary()), summary);
  EXPECT_EQ(last_checkpoint(folder), checkpoint);
  fs::remove(folder.store());  // the way out
  EXPECT_TRUE(train(folder, 1 << 30, true));
}

}  // namespace
}  // namespace reverie
