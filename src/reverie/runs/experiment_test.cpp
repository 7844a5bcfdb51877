// What an experiment is made of: presets, files, and the way there and back.
#include <reverie/core/embedded.h>
#include <reverie/core/error.h>
#include <reverie/envs/suites/registry.h>
#include <reverie/nn/kernels/precision.h>
#include <reverie/runs/experiment.h>
#include <reverie/runs/run_folder.h>
#include <reverie/runs/same_settings.h>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace reverie {
namespace {

namespace fs = std::filesystem;

/// A name of this process's own.
std::string temporary(const std::string& name) {
  return ::testing::TempDir() + fmt::format("reverie_{}_{}", ::getpid(), name);
}

TEST(Presets, EveryOneResolvesOnEveryTask) {
  for (const auto& method : all_agents())
    for (const auto& preset : preset_names(method.name))
      for (const auto& task : all_tasks()) {
        ExperimentRequest request{.method = method.name, .task = task.name, .preset = preset};
        EXPECT_NO_THROW(resolve(request)) << method.name << " " << preset << " " << task.name;
      }
}

TEST(Presets, OverridesNameRegisteredTasks) {
  for (const auto& method : all_agents()) {
    const std::string file = method.name + ".toml";
    for (const auto& one : read_toml(embedded_file(file), file)) {
      const auto on = one.key.find(".on.");
      if (on == std::string::npos) continue;
      const std::string rest = one.key.substr(on + 4);
      EXPECT_NO_THROW(find_task(rest.substr(0, rest.find('.')))) << one.where;
    }
  }
}

TEST(Experiments, ASwappedMethodAndTaskAreNamedAsSuch) {
  try {
    resolve({.method = "rllib/half-cheetah", .task = "mb-mpo"});
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("the method comes first"), std::string::npos);
  }
}

/// Within a folder of its own, which holds the robot balancer.toml.
class ArgumentsTest : public ::testing::Test {
 protected:
  ArgumentsTest() {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    fs::current_path(folder_);
    std::ofstream("balancer.toml") << "# A robot.\nhorizon = 20\nbody = \"hopper.xml\"\n"
                                      "[[observe]]\njoint_position = \"all\"\n"
                                      "[[reward]]\nbonus = true\n";
  }
  ~ArgumentsTest() override {
    fs::current_path(before_);
    fs::remove_all(folder_);
  }
  static std::string error_of(const ExperimentRequest& request) {
    try {
      resolve(request);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }
  fs::path before_ = fs::current_path(), folder_ = temporary("arguments_test");
};

TEST_F(ArgumentsTest, ATaskAloneIsTrainedByTheFirstMethod) {
  for (const char* task : {"classic/pendulum", "balancer.toml", "balancer"}) {
    const Experiment experiment = resolve({.method = task});
    EXPECT_EQ(experiment.method->name, all_agents().front().name) << task;
  }
  EXPECT_EQ(resolve({.method = "classic/pendulum"}).task->name, "classic/pendulum");
  EXPECT_NE(error_of({.method = "clasic/pendulum"}).find("classic/pendulum"), std::string::npos);
  EXPECT_NE(error_of({.method = "mb-mpo"}).find("train mb-mpo TASK"), std::string::npos);
}

TEST_F(ArgumentsTest, ARobotsNameIsItsFile) {
  const auto named = resolve({.method = "mb-mpo", .task = "balancer"});
  EXPECT_TRUE(named.task->name.ends_with("balancer.toml"));
  EXPECT_EQ(named.task->name, resolve({.method = "mb-mpo", .task = "balancer.toml"}).task->name);
}

TEST_F(ArgumentsTest, ARobotIsNoFileOfSettings) {
  EXPECT_NE(error_of({.config_file = "balancer.toml"}).find("train mb-mpo balancer.toml"),
            std::string::npos);
}

TEST_F(ArgumentsTest, AFileOfSettingsMayBeAPipe) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const std::string text = "method = \"mb-mpo\"\ntask = \"classic/pendulum\"\ntasks = 7\n";
  ASSERT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ::close(ends[1]);
  Experiment experiment = resolve({.config_file = fmt::format("/dev/fd/{}", ends[0])});
  ::close(ends[0]);
  EXPECT_NE(experiment.to_toml(false).find("tasks = 7\n"), std::string::npos);
}

TEST_F(ArgumentsTest, ARunsFolderOrNameStandsForItsSettings) {
  Experiment first = resolve({.method = "classic/pendulum", .flags = {{"tasks", "7", "--set"}}});
  create_run(first, "");
  for (const char* run : {"runs/mb-mpo-classic-pendulum-s1", "mb-mpo-classic-pendulum-s1",
                          "runs/mb-mpo-classic-pendulum-s1/config.toml"})
    EXPECT_EQ(resolve({.config_file = run}).to_toml(false), first.to_toml(false)) << run;
  EXPECT_EQ(open_run("mb-mpo-classic-pendulum-s1").root(), "runs/mb-mpo-classic-pendulum-s1");
  EXPECT_NE(error_of({.config_file = "runs"}).find("no config.toml"), std::string::npos);
}

TEST(Experiments, ARewardThatIsNotObservedIsLearned) {
  const auto learns = [](const std::string& task, std::vector<ExperimentRequest::Flag> flags) {
    Experiment experiment = resolve({.method = "mb-mpo", .task = task, .flags = std::move(flags)});
    const Settings settings = experiment.settings();
    return std::get<bool>(settings.find("model.learn_reward")->get());
  };
  EXPECT_TRUE(learns("gym/ant-truncated", {})) << "contact forces are paid for, not observed";
  EXPECT_FALSE(learns("gym/ant-truncated", {{"model.learn_reward", "false", "--set"}}));
  EXPECT_FALSE(learns("gym/ant", {}));
  EXPECT_FALSE(learns("gym/hopper", {})) << "the velocity stands in";
  EXPECT_TRUE(learns("gym/hopper", {{"model.learn_reward", "true", "--set"}}));
}

TEST(Experiments, ARunKeepsWhatAutoStoodFor) {
  const std::string file = temporary("auto.toml");
  const auto settled = [&](Precision fastest, ExperimentRequest request) {
    const kernels::AssumeFastest assume(fastest);
    Experiment experiment = resolve(request);
    experiment.settle_precision();
    return experiment.to_toml(false);
  };
  const auto count = [](const std::string& text, const std::string& part) {
    int found = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
      ++found;
    return found;
  };
  const ExperimentRequest asked{.method = "mb-mpo",
                                .task = "classic/pendulum",
                                .flags = {{"fit.precision", "bf16", "--set"}}};
  const std::string text = settled(Precision::bf16x3, asked);
  EXPECT_EQ(count(text, "precision = \"bf16x3\""), 1);  // the model's
  EXPECT_EQ(count(text, "precision = \"bf16\""), 1);    // the fit's, as it was asked for
  std::ofstream(file) << text;
  // On a chip where another is the fastest.
  EXPECT_EQ(settled(Precision::f32, {.config_file = file}), text);
  EXPECT_EQ(count(settled(Precision::f32, {.method = "mb-mpo", .task = "classic/pendulum"}),
                  "precision = \"f32\""),
            2);
  fs::remove(file);
  // A GPU multiplies in f32, whatever the CPU beside it does.
  auto on_gpu = asked;
  on_gpu.flags = {{"run.device", "cuda", "--device"}};
  EXPECT_EQ(count(settled(Precision::bf16x3, on_gpu), "precision = \"f32\""), 2);
}

TEST(Experiments, ARunMovesToAGpuFromWhereverAutoWasRounded) {
  const kernels::AssumeFastest assume(Precision::bf16x3);
  Experiment experiment = resolve({.method = "mb-mpo", .task = "classic/pendulum"});
  experiment.settle_precision();
  leave_rounding_to_the_cpu(experiment);
  const std::string on_cpu = settings_that_matter(experiment);
  EXPECT_NE(on_cpu.find("model.precision = \"bf16x3\""), std::string::npos);
  experiment.run.device = "cuda:1";
  leave_rounding_to_the_cpu(experiment);
  const std::string on_gpu = settings_that_matter(experiment);
  EXPECT_EQ(on_gpu.find("bf16"), std::string::npos) << "which the model would refuse there";
  EXPECT_NO_THROW(require_same_settings(on_cpu, on_gpu));
  EXPECT_NO_THROW(require_same_settings(on_gpu, on_gpu));
  EXPECT_THROW(require_same_settings(on_gpu, on_cpu), Error);
  // And only of products that were rounded.
  EXPECT_THROW(require_same_settings("a = \"bf16x3\"\n", "a = \"bf16\"\n"), Error);
  EXPECT_THROW(require_same_settings("a = \"swish\"\n", "a = \"f32\"\n"), Error);
}

TEST(Experiments, TheExampleOfLearningIsToldItsReward) {
  const std::string file = REVERIE_TEST_DATA "/../../examples/cart_double_pendulum.toml";
  EXPECT_TRUE(resolve({.method = "mb-mpo", .task = file}).reward_is_told());
}

TEST(Experiments, AFilesPresetGivesWhatItLeavesOut) {
  const std::string file = temporary("preset.toml");
  std::ofstream(file) << "method = \"mb-mpo\"\ntask = \"rllab/half-cheetah\"\n"
                         "preset = \"original\"\ntasks = 7\n";
  Experiment experiment = read_experiment(file);
  const std::string text = experiment.to_toml(false);
  for (const auto* line : {"preset = \"original\"\n", "tasks = 7\n", "rollouts = 50\n"})
    EXPECT_NE(text.find(line), std::string::npos) << line;
  Experiment named = resolve({.preset = "default", .config_file = file});  // before the file's
  const std::string other = named.to_toml(false);
  for (const auto* line :
       {"preset = \"default\"\n", "tasks = 7\n", "rollouts = 10\n", "output_scale = 0.1\n"})
    EXPECT_NE(other.find(line), std::string::npos) << line;
  Experiment bare = resolve({.preset = "none", .config_file = file});
  const std::string built_in = bare.to_toml(false);
  for (const auto* line : {"preset = \"none\"\n", "tasks = 7\n", "output_scale = 1.0\n"})
    EXPECT_NE(built_in.find(line), std::string::npos) << line;
  std::filesystem::remove(file);
}

TEST(Experiments, ComeBackFromTheirFile) {
  Experiment experiment =
      resolve({.method = "mb-mpo",
               .task = "mbbl/half-cheetah",
               .preset = "rllib",
               .flags = {{"env.mass_scale", "1.5", "--set"}, {"run.steps", "7k", "--steps"}}});
  const std::string file = temporary("experiment.toml");
  for (const bool with_docs : {true, false}) {
    std::string text = experiment.to_toml(with_docs);
    // What the preset gives would come back even if nothing of it were read.
    const std::string preset = "preset = \"rllib\"";
    ASSERT_NE(text.find(preset), std::string::npos);
    std::ofstream(file) << text.replace(text.find(preset), preset.size(), "preset = \"none\"");
    Experiment again = read_experiment(file);
    EXPECT_EQ(again.to_toml(with_docs), text);
  }
  std::filesystem::remove(file);
}

TEST(Presets, RllibsIsAsItsCodeHasIt) {
  const auto text = [](const char* task) {
    Experiment experiment = resolve({.method = "mb-mpo", .task = task, .preset = "rllib"});
    return experiment.to_toml(false);
  };
  const auto expect = [](const std::string& toml, std::initializer_list<const char*> lines) {
    for (const auto* line : lines) EXPECT_NE(toml.find(line), std::string::npos) << line;
  };
  expect(text("rllib/half-cheetah"),
         {"tasks = 20\n", "meta_steps = 10\n", "explore_adapted = false\n", "init = \"normc\"\n",
          "output_scale = 0.01\n", "kl_coefficient = 0.0\n", "adaptive_kl = false\n"});
  expect(text("rllib/hopper"), {"tasks = 20\n", "meta_steps = 15\n"});
  expect(text("classic/pendulum"), {"tasks = 10\n", "meta_steps = 15\n"});
}

TEST(Experiments, WhatDoesNothingIsRemarkedOn) {
  const auto remarks = [](std::vector<ExperimentRequest::Flag> flags) {
    return resolve({.method = "mb-mpo", .task = "classic/pendulum", .flags = std::move(flags)})
        .agent->remarks();
  };
  EXPECT_TRUE(remarks({}).empty());
  const ExperimentRequest::Flag at_once{"collect.random_steps", "0", "--set"};
  const auto useless = remarks({at_once});
  ASSERT_EQ(useless.size(), 1u);
  EXPECT_NE(useless[0].find("policy.normalise_observations does nothing"), std::string::npos);
  EXPECT_TRUE(remarks({at_once, {"policy.normalise_observations", "false", "--set"}}).empty());
}

TEST(Presets, TheOriginalIsThePublishedOne) {
  // MEML run_scripts/mb_comparison/mb_mpo_train.py
  Experiment experiment =
      resolve({.method = "mb-mpo", .task = "rllab/half-cheetah", .preset = "original"});
  const std::string text = experiment.to_toml(false);
  for (const auto* line :
       {"tasks = 20\n", "rollouts = 50\n", "random_steps = 5000\n", "meta_steps = 30\n",
        "weight_normalisation = true\n", "persistence = 0.99\n", "max_kl = 0.01\n",
        "inner_learning_rate = 0.001\n", "kind = \"maml\"\n", "exact_fisher = true\n",
        "discount = 0.99\n", "gae_lambda = 1.0\n", "hidden = [512, 512]\n", "hidden = [32, 32]\n"})
    EXPECT_NE(text.find(line), std::string::npos) << line;
}

}  // namespace
}  // namespace reverie
