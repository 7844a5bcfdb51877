// Short runs of the walking agent, for tests to inspect, stop and damage.
#pragma once

#include <reverie/envs/suites/registry.h>
#include <reverie/runs/files.h>
#include <reverie/runs/trainer.h>
#include <reverie/runs/walk_agent_fixture.h>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace reverie::testing {

namespace fs = std::filesystem;

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
    Experiment experiment(walk_entry(), find_task("classic/pendulum"), kDefaultPreset);
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
  // Trains until `phases` phases have run, then stops.
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
  // Everything in the store except clock times.
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

/// Records what a view is shown.
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

}  // namespace reverie::testing
