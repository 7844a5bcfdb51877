#include <reverie/core/error.h>
#include <reverie/runs/trainer_fixture.h>

#include <algorithm>

namespace reverie {
namespace {

namespace fs = std::filesystem;
using namespace testing;

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

}  // namespace
}  // namespace reverie
