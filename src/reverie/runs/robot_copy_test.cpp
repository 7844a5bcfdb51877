// A run carries its robot: it goes on anywhere, and notices what has changed.
#include <reverie/core/error.h>
#include <reverie/envs/mujoco/mjcf_files.h>
#include <reverie/envs/robots/file.h>
#include <reverie/envs/robots/own_robot_fixture.h>
#include <reverie/envs/task_entry.h>
#include <reverie/runs/evaluate.h>
#include <reverie/runs/files.h>
#include <reverie/runs/robot_copy.h>
#include <reverie/runs/saved_agent.h>
#include <reverie/runs/trainer.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace reverie {
namespace {

namespace fs = std::filesystem;
using testing::fresh_folder;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::write_text;

constexpr char tetrahedron[] =
    "v 0 0 0\nv {0} 0 0\nv 0 {0} 0\nv 0 0 {0}\n"
    "f 1 3 2\nf 1 2 4\nf 2 3 4\nf 1 4 3\n";

/// A robot in four files: TOML and MJCF, an included body, a mesh in a folder of its own, which the
/// MJCF names by its absolute path. Returns the TOML's path.
fs::path write_robot_of_parts(const fs::path& folder) {
  write_text(folder / "robots" / "robot.toml", R"(body = "robot.xml"
horizon = 20
frame_skip = 5
[[observe]]
joint_position = "j1"
[[observe]]
joint_velocity = "j1"
[[reward]]
joint_position = "j1"
number = "squared"
weight = -1
)");
  write_text(folder / "robots" / "robot.xml", fmt::format(R"(<mujoco>
  <!-- <include file="nowhere.xml"/> -->
  <compiler autolimits="true" meshdir="{}"/>
  <asset><mesh name="corner" file='corner.obj'/></asset>
  <include file="parts/body.xml"/>
  <actuator><motor joint="j1" ctrlrange="-1 1"/></actuator>
</mujoco>)",
                                                          (folder / "meshes").string()));
  write_text(folder / "robots" / "parts" / "body.xml",
             R"(<mujoco><worldbody><body pos="0 0 .5"><joint name="j1" axis="0 1 0"/>
  <geom type="capsule" fromto="0 0 0 0.4 0 0" size="0.03" density="1000"/>
  <geom type="mesh" mesh="corner"/></body></worldbody></mujoco>)");
  write_text(folder / "meshes" / "corner.obj", fmt::format(tetrahedron, 0.1));
  return folder / "robots" / "robot.toml";
}

void replace_in(const fs::path& file, const std::string& old, const std::string& fresh) {
  std::string text = read_file(file);
  ASSERT_NE(text.find(old), std::string::npos) << old;
  write_text(file, text.replace(text.find(old), old.size(), fresh));
}

TEST(RobotCopy, AllFilesOfAnMjcfAreFound) {
  const fs::path folder = fresh_folder();
  write_robot_of_parts(folder);
  std::vector<std::string> names;
  for (const MjcfFile& file : mjcf_files(folder / "robots" / "robot.xml")) {
    names.push_back(file.path.lexically_relative(folder).string());
    if (names.size() == 1) {
      EXPECT_THAT(file.text, HasSubstr("meshdir=\"../meshes\""));
    }
  }
  EXPECT_THAT(names, ::testing::ElementsAre("robots/robot.xml", "robots/parts/body.xml",
                                            "meshes/corner.obj"));
}

TEST(RobotCopy, AnIdentityIsOfWhatIsBuilt) {
  const fs::path folder = fresh_folder();
  const fs::path toml = write_robot_of_parts(folder);
  const std::string identity = robot_identity(toml);
  EXPECT_EQ(robot_identity(toml), identity);
  EXPECT_EQ(robot_task(toml).robot.identity, identity);
  // Words for people, and where it lies, are not built.
  replace_in(toml, "horizon", "# a word\nsource = \"me\"\nhorizon");
  replace_in(folder / "robots" / "robot.xml", "<mujoco>", "<mujoco><!-- a word -->");
  EXPECT_EQ(robot_identity(toml), identity);
  EXPECT_EQ(robot_identity(write_robot_of_parts(fresh_folder())), identity);
  const auto changed = [&](const fs::path& file, const std::string& old, const std::string& fresh) {
    const std::string before = read_file(file);
    replace_in(file, old, fresh);
    const std::string other = robot_identity(toml);
    write_text(file, before);
    return !same_robot(other, identity);
  };
  EXPECT_TRUE(changed(toml, "weight = -1", "weight = -2"));
  EXPECT_TRUE(changed(folder / "robots" / "robot.xml", "-1 1", "-2 2"));
  EXPECT_TRUE(changed(folder / "robots" / "parts" / "body.xml", "1000", "1001"));
  EXPECT_TRUE(changed(folder / "meshes" / "corner.obj", "v 0.1", "v 0.2"));
  EXPECT_EQ(robot_identity(toml), identity);
}

TEST(RobotCopy, AnotherVersionOfMujocoCompilesTheSameRobot) {
  EXPECT_TRUE(same_robot("1 2 MuJoCo 2.2.2", "1 2 MuJoCo 2.2.2"));
  EXPECT_FALSE(same_robot("1 2 MuJoCo 2.2.2", "1 3 MuJoCo 2.2.2"));
  EXPECT_TRUE(same_robot("1 2 MuJoCo 2.2.2", "1 3 MuJoCo 3.1.0"));
  EXPECT_FALSE(same_robot("1 2 MuJoCo 2.2.2", "2 2 MuJoCo 3.1.0"));
}

TEST(RobotCopy, AnEmbeddedBodyIsKeptToo) {
  const fs::path folder = fresh_folder();
  write_text(folder / "hopper.toml", read_file(REVERIE_TEST_DATA "/../../examples/hopper.toml"));
  const TaskEntry robot = robot_task(folder / "hopper.toml");
  ASSERT_TRUE(keep_robot(robot, folder / "run"));
  EXPECT_TRUE(fs::exists(folder / "run" / "robot" / "files" / "hopper.xml"));
  fs::remove(folder / "hopper.toml");
  const TaskEntry* kept = kept_robot(folder / "run", robot.name);
  ASSERT_NE(kept, nullptr);
  EXPECT_EQ(kept->robot.identity, robot.robot.identity);
  EXPECT_EQ(kept_robot(folder / "run", "/another.toml"), nullptr);
  EXPECT_EQ(kept_robot(folder, robot.name), nullptr) << "carries none";
}

TEST(RobotCopy, WhatHasChangedSinceItWasReadIsNotKept) {
  const fs::path folder = fresh_folder();
  const fs::path toml = write_robot_of_parts(folder);
  const TaskEntry robot = robot_task(toml);
  replace_in(folder / "robots" / "parts" / "body.xml", "1000", "1001");
  EXPECT_FALSE(keep_robot(robot, folder / "run"));
  EXPECT_FALSE(fs::exists(folder / "run" / "robot"));
}

/// A small mb-mpo on a robot.
Experiment experiment_on(const fs::path& toml) {
  ExperimentRequest request{.method = "mb-mpo", .task = toml.string()};
  for (const auto& [key, value] : {std::pair{"run.steps", "200"},
                                   {"run.eval_episodes", "2"},
                                   {"tasks", "2"},
                                   {"collecting_tasks", "0"},
                                   {"model.members", "2"},
                                   {"model.hidden", "[8]"},
                                   {"policy.hidden", "[8]"},
                                   {"collect.random_steps", "60"},
                                   {"meta_steps", "1"},
                                   {"imagine.rollouts", "2"},
                                   {"fit.first_epochs", "2"},
                                   {"fit.epochs", "2"}})
    request.flags.push_back({key, value, "the test"});
  return resolve(request);
}

class Listener : public TrainingView {
 public:
  void note(const std::string& line) override { heard += line + "\n"; }
  std::string heard;
};

std::string newest_checkpoint(const RunFolder& folder) {
  const Checkpoints checkpoints(folder.checkpoints());
  return read_file(checkpoints.path(checkpoints.numbers().back()));
}

TEST(RobotCopy, ARunIsMovedAndGoesOnWithoutItsOriginal) {
  const fs::path folder = fresh_folder();
  const fs::path toml = write_robot_of_parts(folder / "home");
  Experiment experiment = experiment_on(toml), again = experiment_on(toml);
  const RunFolder whole = create_run(again, (folder / "whole").string()).folder;
  Listener listener;
  {
    Trainer trainer(again, whole, listener);
    ASSERT_TRUE(trainer.run([] { return false; }));
  }
  const RunFolder started = create_run(experiment, (folder / "started").string()).folder;
  {
    Trainer trainer(experiment, started, listener);
    int phases = 4;
    ASSERT_FALSE(trainer.run([&] { return --phases == 0; }));
  }
  fs::remove_all(folder / "home");
  fs::create_directories(folder / "away");
  fs::rename(folder / "started", folder / "away" / "moved");

  const RunFolder moved = open_run((folder / "away" / "moved").string());
  Experiment found = read_experiment(moved.config());
  EXPECT_EQ(found.task->name, toml.string());
  {
    Trainer trainer(found, moved, listener);
    trainer.resume();
    ASSERT_TRUE(trainer.run([] { return false; }));
  }
  EXPECT_THAT(listener.heard, ::testing::Not(HasSubstr("changed")));
  EXPECT_EQ(newest_checkpoint(moved), newest_checkpoint(whole));
  const SavedAgent saved(found, moved, [](const std::string& line) { ADD_FAILURE() << line; });
  const Evaluation seen =
      evaluate(*saved.actor(), *found.task, found.env, 2, Mode::exploit, RandomStream());
  EXPECT_EQ(seen.returns.size(), 2u);
}

TEST(RobotCopy, AStartThatWasKilledWhileItCopiedIsBegunAgain) {
  const fs::path folder = fresh_folder();
  Experiment experiment = experiment_on(write_robot_of_parts(folder / "home"));
  write_text(folder / "run" / "robot" / "files" / "robots" / "robot.xml", "<mujo");
  write_text(folder / "run" / "lock", "1");
  const RunFolder run = create_run(experiment, (folder / "run").string()).folder;
  EXPECT_TRUE(carries_robot(run.root()));
  write_text(folder / "mine" / "robot" / "robot.xml", "somebody's own");
  EXPECT_THROW(create_run(experiment, (folder / "mine").string()), Error);
  EXPECT_EQ(read_file(folder / "mine" / "robot" / "robot.xml"), "somebody's own");
}

TEST(RobotCopy, AChangedOriginalIsToldAndTheRunGoesByItsCopy) {
  const fs::path folder = fresh_folder();
  const fs::path toml = write_robot_of_parts(folder / "home");
  Experiment experiment = experiment_on(toml);
  const RunFolder run = create_run(experiment, (folder / "run").string()).folder;
  Listener listener;
  {
    Trainer trainer(experiment, run, listener);
    int phases = 3;
    ASSERT_FALSE(trainer.run([&] { return --phases == 0; }));
  }
  Experiment found = read_experiment(run.config());
  EXPECT_THAT(original_has_changed(*found.task), IsEmpty());
  replace_in(folder / "home" / "robots" / "parts" / "body.xml", "1000", "900");
  {
    Trainer trainer(found, run, listener);
    trainer.resume();
  }
  EXPECT_THAT(listener.heard, HasSubstr("has changed since the run began"));
  EXPECT_THAT(listener.heard, HasSubstr("own copy"));
  int told = 0;
  const SavedAgent saved(found, run, [&](const std::string& line) {
    ++told;
    EXPECT_THAT(line, HasSubstr("has changed since the run began"));
  });
  EXPECT_EQ(told, 1);

  // A copy that somebody has changed is another robot.
  fs::rename(run.root(), folder / "tampered");
  replace_in(folder / "tampered" / "robot" / "files" / "robots" / "parts" / "body.xml", "1000",
             "900");
  const RunFolder tampered = open_run((folder / "tampered").string());
  Experiment other = read_experiment(tampered.config());
  Trainer trainer(other, tampered, listener);
  try {
    trainer.resume();
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("has changed since the checkpoint"));
  }
}

}  // namespace
}  // namespace reverie
