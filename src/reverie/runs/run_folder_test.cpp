#include <reverie/core/error.h>
#include <reverie/runs/trainer_fixture.h>

#include <fstream>

namespace reverie {
namespace {

namespace fs = std::filesystem;
using namespace testing;

class RunFolderTest : public TrainerTest {};

TEST_F(RunFolderTest, WhatAKilledStartLeavesIsAnEmptyFolder) {
  const fs::path left = root_ / "left";
  fs::create_directories(left);
  std::ofstream(left / "lock") << "1";
  std::ofstream(left / "config.toml.tmp") << "method = \"mb";
  std::ofstream(left / "start.ckpt.tmp") << "REV";
  fs::create_directories(left / "robot" / "files");
  EXPECT_THROW(open_run(left.string()), Error);
  const auto folder = create("left");
  EXPECT_TRUE(train(folder, 1 << 30, false));
  EXPECT_FALSE(fs::exists(left / "config.toml.tmp"));
  EXPECT_FALSE(fs::exists(left / "start.ckpt.tmp"));
}

TEST_F(RunFolderTest, AStartIsUndoneWithoutWhatIsNotItsOwn) {
  const fs::path mine = root_ / "mine";
  fs::create_directories(mine / "robot");
  std::ofstream(mine / "lock") << "1";
  std::ofstream(mine / "robot" / "arm.xml") << "<mujoco/>";
  EXPECT_THROW(create("mine"), Error) << "somebody's robot";
  const auto undone = [this](const std::string& name) {
    auto same = experiment();
    const NewRun run = create_run(same, (root_ / name).string());
    TrainingView silent;
    { Trainer trainer(same, run.folder, silent); }
    std::ofstream(root_ / name / "notes.txt") << "mine";
    undo_start(run);
    EXPECT_TRUE(fs::exists(root_ / name / "notes.txt"));
    fs::remove(root_ / name / "notes.txt");
    EXPECT_TRUE(fs::is_empty(root_ / name)) << name;
    undo_start(run);
    return !fs::exists(root_ / name);
  };
  EXPECT_TRUE(undone("new"));
  fs::create_directories(root_ / "found");
  EXPECT_FALSE(undone("found"));
}

TEST_F(RunFolderTest, ANewRunIsHeldBeforeItHasAConfig) {
  auto one = experiment(), two = experiment();
  const NewRun held = create_run(one, (root_ / "run").string());
  fs::remove(held.folder.config());  // as if it were not yet written
  try {
    create_run(two, (root_ / "run").string());
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(std::to_string(::getpid())), std::string::npos);
  }
}

TEST_F(RunFolderTest, ConfigFileRepeatsTheExperiment) {
  auto first = experiment();
  first.env.horizon = 50;
  const std::string text = first.to_toml(true);
  // The fixture is no registered method: read the settings only.
  auto second = experiment();
  Settings settings = second.settings();
  for (const auto& one : read_toml(text, "config.toml"))
    if (one.key != "method" && one.key != "task" && one.key != "preset")
      settings.assign(one.key, one.value, one.where);
  EXPECT_EQ(second.to_toml(true), text);
}

TEST_F(RunFolderTest, RefusesAFolderThatHoldsSomething) {
  create("taken");
  EXPECT_THROW(create("taken"), Error);
  fs::create_directories(root_ / "other");
  std::ofstream(root_ / "other" / "file") << "x";
  EXPECT_THROW(create("other"), Error);
  EXPECT_THROW(open_run((root_ / "other").string()), Error);
  EXPECT_THROW(open_run((root_ / "absent").string()), Error);
}

}  // namespace
}  // namespace reverie
