#include <reverie/core/error.h>
#include <reverie/runs/files.h>
#include <reverie/runs/trainer.h>
#include <reverie/runs/walk_agent_fixture.h>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace reverie {
namespace {

namespace fs = std::filesystem;
using testing::WalkConfig;

class TrainerTest : public ::testing::Test {
 protected:
  TrainerTest() {
    root_ = fs::temp_directory_path() /
            fmt::format("reverie_trainer_{}_{}", ::getpid(),
                        ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(root_);
  }
  ~TrainerTest() override { fs::remove_all(root_); }

  static Experiment experiment() {
    Experiment experiment(testing::walk_entry(), find_task("classic/pendulum"), kDefaultPreset);
    experiment.run.steps = 2400;
    experiment.run.seed = 7;
    experiment.run.eval_every = 3;
    experiment.run.eval_episodes = 3;
    experiment.run.final_episodes = 4;
    experiment.run.checkpoint_seconds = 0;
    return experiment;
  }
  RunFolder create(const std::string& name) {
    auto fresh = experiment();
    return create_run(fresh, (root_ / name).string()).folder;
  }
  // Trains until `phases` have run, in the manner of a kill: without a checkpoint of its own.
  bool train(const RunFolder& folder, int phases, bool resume) {
    auto same = experiment();
    TrainingView silent;
    Trainer trainer(same, folder, silent);
    if (resume) trainer.resume();
    return trainer.run([&phases] { return --phases <= 0; });
  }
  static std::string last_checkpoint(const RunFolder& folder) {
    const Checkpoints checkpoints(folder.checkpoints());
    return read_file(checkpoints.path(checkpoints.numbers().back()));
  }
  // Everything in the store but the clocks.
  static std::string figures(const RunFolder& folder) {
    std::string text;
    const Store store(folder.store());
    for (const auto& row : store.iterations())
      for (const auto& [name, value] : row.metrics)
        if (!name.starts_with("time/"))
          text += fmt::format("{} {} {} {:a}\n", row.iteration, row.env_steps, name, value);
    for (const auto& row : store.evaluations())
      text += fmt::format("{} {:a} {:a}\n", row.iteration, row.return_mean, row.return_std);
    return text;
  }

  fs::path root_;
};

/// Remembers what a view is shown.
struct RememberingView : TrainingView {
  std::vector<IterationRow> before, seen;
  std::vector<std::string> notes;
  std::vector<double> left;
  void history(const std::vector<IterationRow>& rows) override { before = rows; }
  void iteration(const IterationRow& row, const RunStatus& status) override {
    seen.push_back(row);
    left.push_back(status.seconds_left);
  }
  void note(const std::string& line) override { notes.push_back(line); }
};

TEST_F(TrainerTest, LeavesAWholeRunFolder) {
  const auto folder = create("run");
  EXPECT_TRUE(train(folder, 1 << 30, false));
  EXPECT_TRUE(fs::exists(folder.policy()));
  const std::string summary = read_file(folder.summary());
  for (const char* key : {"env_steps\": 2400", "return_mean", "return_std", "return_stderr",
                          "eval_episodes\": 4", "wall_seconds", "imagined_steps\": 12000",
                          "imagined_steps_per_second", "seed\": 7", "version", "host",
                          "finished\": true"})
    EXPECT_NE(summary.find(key), std::string::npos) << key << " in " << summary;
  EXPECT_NE(figures(folder).find("return/real"), std::string::npos);
}

TEST_F(TrainerTest, TwoRunsAreEqualBytes) {
  const auto one = create("one"), two = create("two");
  train(one, 1 << 30, false);
  train(two, 1 << 30, false);
  EXPECT_EQ(last_checkpoint(one), last_checkpoint(two));
  EXPECT_EQ(figures(one), figures(two));
}

TEST_F(TrainerTest, StoppedAtAnyPhaseAndResumedIsAsNeverStopped) {
  const auto whole = create("whole");
  train(whole, 1 << 30, false);
  for (const int phases : {1, 2, 3, 4, 8, 17, 35, 36}) {
    const auto folder = create(fmt::format("stopped{}", phases));
    EXPECT_FALSE(train(folder, phases, false));
    EXPECT_TRUE(train(folder, 1 << 30, true));
    EXPECT_EQ(last_checkpoint(folder), last_checkpoint(whole)) << phases << " phases";
    EXPECT_EQ(figures(folder), figures(whole)) << phases << " phases";
  }
}

TEST_F(TrainerTest, AStopInTheLastEvaluationCostsNothing) {
  auto same = experiment();
  same.env.horizon = 20;
  same.run.eval_episodes = 70;  // in two batches
  const auto go = [&](const RunFolder& folder, int asked, bool resume) {
    TrainingView silent;
    Trainer trainer(same, folder, silent);
    if (resume) trainer.resume();
    return trainer.run([&asked] { return --asked <= 0; });
  };
  const auto whole = create_run(same, (root_ / "whole").string()).folder;
  EXPECT_TRUE(go(whole, 1 << 30, false));
  for (const int asked : {36, 37}) {  // before the first batch, and between the two
    const auto folder = create_run(same, (root_ / fmt::format("at{}", asked)).string()).folder;
    EXPECT_FALSE(go(folder, asked, false));
    EXPECT_EQ(Checkpoints(folder.checkpoints()).numbers().back(), 36);
    EXPECT_EQ(Store(folder.store()).iterations().size(), 11u) << "the last is yet to be told";
    EXPECT_NE(read_file(folder.summary()).find("finished\": false"), std::string::npos);
    EXPECT_FALSE(go(folder, 1, true)) << "and stopped again";
    EXPECT_TRUE(go(folder, 1 << 30, true));
    EXPECT_EQ(last_checkpoint(folder), last_checkpoint(whole)) << asked;
    EXPECT_EQ(figures(folder), figures(whole)) << asked;
    EXPECT_EQ(read_file(folder.policy()), read_file(whole.policy())) << asked;
  }
}

TEST_F(TrainerTest, TheLastEvaluationIsNoLongerThanHalfTheRun) {
  auto many = experiment();
  many.run.final_episodes = 500;
  const auto folder = create_run(many, (root_ / "many").string()).folder;
  TrainingView silent;
  Trainer trainer(many, folder, silent);
  EXPECT_TRUE(trainer.run([] { return false; }));
  EXPECT_EQ(Store(folder.store()).evaluations().back().episodes, 6);  // 1,200 steps, 200 each
}

TEST_F(TrainerTest, ADamagedCheckpointCostsOnlyTime) {
  const auto whole = create("whole"), folder = create("damaged");
  train(whole, 1 << 30, false);
  EXPECT_FALSE(train(folder, 21, false));
  const Checkpoints checkpoints(folder.checkpoints());
  fs::resize_file(checkpoints.path(checkpoints.numbers().back()), 1000);
  EXPECT_TRUE(train(folder, 1 << 30, true));
  EXPECT_EQ(last_checkpoint(folder), last_checkpoint(whole));
  EXPECT_EQ(figures(folder), figures(whole));
}

TEST_F(TrainerTest, AnEarlyKillStartsAnew) {
  const auto whole = create("whole"), folder = create("early");
  train(whole, 1 << 30, false);
  EXPECT_TRUE(train(folder, 1 << 30, true));  // no checkpoint yet
  EXPECT_EQ(last_checkpoint(folder), last_checkpoint(whole));
}

// As of a version that wrote the row before the file, and was killed between the two.
TEST_F(TrainerTest, ARowWithoutItsFileIsNoCheckpoint) {
  const auto whole = create("whole"), folder = create("early");
  train(whole, 1 << 30, false);
  EXPECT_FALSE(train(folder, 3, false));
  fs::remove(Checkpoints(folder.checkpoints()).path(3));
  EXPECT_TRUE(train(folder, 1 << 30, true));
  EXPECT_EQ(last_checkpoint(folder), last_checkpoint(whole));
  EXPECT_EQ(figures(folder), figures(whole));
}

TEST_F(TrainerTest, CheckpointsThatWereTakenAwayAreAskedFor) {
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

TEST_F(TrainerTest, ALostStoreComesBackFromTheEvents) {
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

TEST_F(TrainerTest, AStoreLostAgainKeepsItsNumbers) {
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

TEST_F(TrainerTest, ADamagedStoreSaysTheWayOutAndLosesNothing) {
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

TEST_F(TrainerTest, WhatAKilledStartLeavesIsAnEmptyFolder) {
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

TEST_F(TrainerTest, AStartIsUndoneWithoutWhatIsNotItsOwn) {
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

TEST_F(TrainerTest, ANewRunIsHeldBeforeItHasAConfig) {
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

TEST_F(TrainerTest, ConfigFileRepeatsTheExperiment) {
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

TEST_F(TrainerTest, StartsFromAnotherRun) {
  const auto first = create("first");
  train(first, 1 << 30, false);
  const auto begin = [&](const std::string& name, const std::string& from) {
    auto next = experiment();
    next.run.steps = 400;
    next.run.from = from;
    dynamic_cast<WalkConfig&>(*next.agent).step_size = 0;  // the policy stays what it was
    const RunFolder folder = create_run(next, (root_ / name).string()).folder;
    EXPECT_EQ(next.run.from, "start.ckpt");
    TrainingView silent;
    Trainer trainer(next, folder, silent);
    EXPECT_EQ(trainer.start_from(), "policy taken, as they were at 2400 real steps");
    EXPECT_TRUE(trainer.run([] { return false; }));
    EXPECT_EQ(read_file(folder.policy()), read_file(first.policy()));
    return folder;
  };
  const auto second = begin("second", first.root().string());
  // Repeated from its own folder, without the run that it came from.
  fs::remove_all(first.root() / "checkpoints");
  begin("third", second.start().string());
  EXPECT_THROW(begin("fourth", first.root().string()), Error);
  EXPECT_THROW(begin("fifth", first.config().string()), Error);
}

TEST_F(TrainerTest, EventsTellWhatHappenedOnce) {
  const auto folder = create("events");
  EXPECT_FALSE(train(folder, 4, false));
  EXPECT_TRUE(train(folder, 1 << 30, true));
  EXPECT_TRUE(train(folder, 1 << 30, true)) << "a finished run";
  std::string kinds;
  for (const auto& event : Store(folder.store()).events()) kinds += event.kind + " ";
  EXPECT_EQ(kinds, "start stop resume finish ");
}

TEST_F(TrainerTest, AFinishIsToldWhereTheLastCheckpointWasDue) {
  const auto folder = create("due");  // checkpoint_seconds = 0: due after every iteration
  EXPECT_TRUE(train(folder, 1 << 30, false));
  EXPECT_EQ(Store(folder.store()).events().back().kind, "finish");
}

TEST_F(TrainerTest, AResumedRunShowsWhatCameBefore) {
  const auto folder = create("history");
  EXPECT_FALSE(train(folder, 12, false));  // four iterations
  auto same = experiment();
  RememberingView view;
  Trainer trainer(same, folder, view);
  trainer.resume();
  trainer.run([] { return false; });
  ASSERT_EQ(view.before.size(), 4u);
  EXPECT_TRUE(view.before[3].metrics.contains("return/real"));
  EXPECT_TRUE(view.before[3].metrics.contains("episode/length"));
  ASSERT_FALSE(view.left.empty());
  EXPECT_GE(view.left.front(), 0) << "the pace is known from before";
  EXPECT_EQ(view.left.back(), 0);
}

TEST_F(TrainerTest, ASignIsToldAndKeptOnce) {
  const auto folder = create("sign");
  auto odd = experiment();
  odd.env.horizon = 1000;
  dynamic_cast<WalkConfig&>(*odd.agent).useless_model = true;
  for (const int stop_after : {20, 1 << 30}) {  // resumed, it is not told anew
    RememberingView view;
    Trainer trainer(odd, folder, view);
    if (stop_after != 20) trainer.resume();
    int phases = stop_after;
    trainer.run([&phases] { return --phases <= 0; });
    EXPECT_EQ(view.notes.size(), stop_after == 20 ? 1u : 0u);
  }
  int signs = 0;
  for (const auto& event : Store(folder.store()).events()) signs += event.kind == "sign" ? 1 : 0;
  EXPECT_EQ(signs, 1);
}

TEST_F(TrainerTest, NotANumberStopsWithItsState) {
  const auto folder = create("nan");
  auto failing = experiment();
  dynamic_cast<WalkConfig&>(*failing.agent).nan_at = 4;
  TrainingView silent;
  Trainer trainer(failing, folder, silent);
  try {
    trainer.run([] { return false; });
    FAIL();
  } catch (const NonFiniteError& error) {
    EXPECT_NE(std::string(error.what()).find("failed.ckpt"), std::string::npos);
  }
  EXPECT_NO_THROW(decode_checkpoint(read_file(folder.failed())));
  EXPECT_EQ(Checkpoints(folder.checkpoints()).numbers().back(), 9);  // three whole iterations
}

TEST_F(TrainerTest, RefusesAFolderThatHoldsSomething) {
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
