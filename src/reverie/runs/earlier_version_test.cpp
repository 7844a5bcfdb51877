// Runs that an earlier version began: what it did not know of has its built-in value.
#include <reverie/core/error.h>
#include <reverie/envs/mujoco/version.h>
#include <reverie/runs/checkpoint_fixture.h>
#include <reverie/runs/files.h>
#include <reverie/runs/same_settings.h>
#include <reverie/runs/saved_agent.h>
#include <reverie/runs/store.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace reverie {
namespace {

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

class EarlierVersionTest : public RunOfAMoment {
 protected:
  static bool train(const RunFolder& folder, int phases, bool resume) {
    Experiment same = read_experiment(folder.config());
    TrainingView silent;
    Trainer trainer(same, folder, silent);
    if (resume) trainer.resume();
    return trainer.run([&phases] { return --phases <= 0; });
  }

  /// Makes the newest checkpoint one that has not got these records, and other settings.
  template <class Change>
  static void age(const RunFolder& folder, const std::vector<std::string>& lacking, Change change) {
    auto records = take_apart(read_file(newest(folder)));
    const size_t before = records.size();
    std::erase_if(records, [&](const Record& record) {
      return std::find(lacking.begin(), lacking.end(), record.name) != lacking.end();
    });
    ASSERT_EQ(records.size() + lacking.size(), before);
    for (Record& record : records) {
      if (record.name != "settings") continue;
      const std::string changed = change(record.payload);
      ASSERT_NE(changed, record.payload);
      record.payload = changed;
    }
    write_file_atomically(newest(folder), put_together(records));
  }
  /// … that has neither these records nor these settings.
  static void age(const RunFolder& folder, const std::vector<std::string>& lacking,
                  const std::vector<std::string>& settings) {
    age(folder, lacking, [&](const std::string& text) { return without(text, settings); });
  }
  static std::vector<std::string> warnings(const RunFolder& folder) {
    std::vector<std::string> lines;
    for (const auto& event : Store(folder.store()).events())
      if (event.kind == "warning") lines.push_back(event.text);
    return lines;
  }
};

TEST_F(EarlierVersionTest, WhatIsNoSettingAnyLongerIsRefused) {
  const RunFolder folder = create("gone", "classic/pendulum");
  EXPECT_FALSE(train(folder, 4, false));
  age(folder, {}, [](const std::string& text) { return text + "maml.first_order = true\n"; });
  try {
    train(folder, 1 << 30, true);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("'maml.first_order = true', a setting that this"),
              std::string::npos)
        << error.what();
  }
}

TEST_F(EarlierVersionTest, ARunGoesOnAndIsEvaluated) {
  const RunFolder whole = create("whole", "classic/pendulum"),
                  folder = create("earlier", "classic/pendulum");
  EXPECT_TRUE(train(whole, 1 << 30, false));
  EXPECT_FALSE(train(folder, 4, false));
  age(folder, {}, {"model.learn_end", "policy.init =", "run.final_episodes"});
  const std::string text = read_file(folder.config());
  const std::string left = without(text, {"learn_end", "init =", "final_episodes"});
  ASSERT_LT(left.size(), text.size());
  write_file_atomically(folder.config(), left);
  EXPECT_NO_THROW(SavedAgent(read_experiment(folder.config()), folder, [](const std::string&) {}));
  EXPECT_TRUE(train(folder, 1 << 30, true));
  EXPECT_EQ(read_file(folder.policy()), read_file(whole.policy()));
  EXPECT_EQ(read_file(newest(folder)), read_file(newest(whole)));
}

TEST_F(EarlierVersionTest, ARunOfTheFirstVersionIsRefusedInOneLine) {
  const RunFolder folder = create("first", "classic/pendulum");
  std::string text = read_file(folder.config());
  ASSERT_TRUE(text.starts_with("# Reverie "));
  text.replace(0, text.find('.', 12) + 3, "# Reverie 0.1.0.");
  write_file_atomically(folder.config(), text);
  try {
    read_experiment(folder.config());
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("of a run of Reverie 0.1"), std::string::npos);
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
  }
}

TEST_F(EarlierVersionTest, AnotherValueThanTheBuiltInIsRefused) {
  const RunFolder folder = create("earlier", "classic/pendulum", {"run.final_episodes=7"});
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

TEST_F(EarlierVersionTest, AnotherMujocoIsToldAndNothingIsRefused) {
  const RunFolder whole = create("whole", "gym/inverted-pendulum"),
                  other = create("other", "gym/inverted-pendulum"),
                  silent = create("silent", "gym/inverted-pendulum");
  EXPECT_TRUE(train(whole, 1 << 30, false));
  for (const RunFolder& folder : {other, silent}) EXPECT_FALSE(train(folder, 4, false));
  const std::string line = "MuJoCo = " + mujoco_version() + "\n";
  age(other, {}, [&](std::string text) {
    const size_t at = text.find(line);
    return at == text.npos ? text : text.replace(at, line.size(), "MuJoCo = 1.50\n");
  });
  age(silent, {}, {"MuJoCo = "});  // as of a version that did not say
  for (const RunFolder& folder : {other, silent}) {
    std::vector<std::string> told;
    SavedAgent(read_experiment(folder.config()), folder,
               [&](const std::string& note) { told.push_back(note); });
    EXPECT_TRUE(train(folder, 1 << 30, true));
    EXPECT_EQ(warnings(folder), told);
    EXPECT_EQ(read_file(newest(folder)), read_file(newest(whole)));
  }
  ASSERT_EQ(warnings(other).size(), 1u);
  EXPECT_NE(
      warnings(other)[0].find("made with MuJoCo 1.50, and this is MuJoCo " + mujoco_version()),
      std::string::npos)
      << warnings(other)[0];
  EXPECT_TRUE(warnings(silent).empty()) << warnings(silent)[0];
}

// Its equations are our own.
TEST_F(EarlierVersionTest, AClassicTaskKnowsNoMujoco) {
  Experiment classic = experiment("classic/pendulum", {});
  EXPECT_EQ(settings_that_matter(classic).find("MuJoCo"), std::string::npos);
}

}  // namespace
}  // namespace reverie
