// What the tasks' conformance suites run on: each registered task, and variations of some.
#pragma once

#include <reverie/core/archive.h>
#include <reverie/core/error.h>
#include <reverie/core/settings.h>
#include <reverie/core/workers.h>
#include <reverie/envs/suites/registry.h>
#include <reverie/envs/task_entry.h>
#include <reverie/envs/world.h>

#include <gtest/gtest.h>

#include <cctype>
#include <sstream>
#include <string>
#include <vector>

namespace reverie::testing {

/// The parameter is a task's name, followed by the `env.…` settings to change.
class ConformanceTest : public ::testing::TestWithParam<std::string> {
 protected:
  void TearDown() override { set_worker_count(1); }

  const TaskEntry& entry() const { return find_task(GetParam().substr(0, GetParam().find(' '))); }
  const TaskSpec& spec() const { return spec_; }
  /// The settings that follow the name.
  EnvConfig config() const {
    EnvConfig config;
    Settings settings;
    settings.group("env", config);
    std::istringstream words(GetParam());
    std::string word;
    words >> word;
    while (words >> word) settings.assign("env." + word, "the test's name");
    return config;
  }

  Environment make() const { return make(config()); }
  Environment make(const EnvConfig& config) const {
    return {entry().make_task(config), entry().make_simulation(config)};
  }

  /// `steps` rows of actions [steps, n, a], a tenth of them out of range.
  Tensor actions(int64_t steps, int64_t n) const {
    RandomStream random(5, "actions");
    const Tensor low = torch::tensor(spec().action_low, torch::kFloat32);
    const Tensor high = torch::tensor(spec().action_high, torch::kFloat32);
    return low + (high - low) * random.uniform({steps, n, spec().action_size()}, -0.05, 1.05);
  }

  /// Steps until the episode ends, at most `actions.size(0)` times: [steps, o + 3].
  static Tensor run(Environment& environment, const Tensor& actions) {
    std::vector<Tensor> rows;
    for (int64_t t = 0; t < actions.size(0); ++t) {
      const StepResult r = environment.step(actions[t].reshape({-1}));
      rows.push_back(torch::cat(
          {r.next_observation, r.reward.unsqueeze(1), r.terminated.unsqueeze(1).to(torch::kFloat64),
           r.truncated.unsqueeze(1).to(torch::kFloat64)},
          1));
      if (r.terminated.item<bool>() || r.truncated.item<bool>()) break;
    }
    return torch::cat(rows);
  }

  /// A batch of transitions, float64: observation, action, next observation.
  struct Batch {
    Tensor observation, action, next;
  };
  Batch batch(int64_t steps) const {
    Environment environment = make();
    RandomStream random(2, "batch");
    std::vector<Tensor> before{environment.reset(random)};
    std::vector<Tensor> after;
    const Tensor moves = actions(steps, 1).squeeze(1).to(torch::kFloat64) * 0.8;
    for (int64_t t = 0; t < steps; ++t) {
      const StepResult r = environment.step(moves[t]);
      after.push_back(r.next_observation[0]);
      const bool ended = r.terminated.item<bool>() || r.truncated.item<bool>();
      before.push_back(ended ? environment.reset(random) : after.back());
    }
    before.pop_back();
    return {torch::stack(before), moves, torch::stack(after)};
  }

 private:
  const TaskSpec spec_ = entry().make_task(config())->spec();
};

inline std::vector<std::string> conforming_tasks() {
  std::vector<std::string> names;
  for (const TaskEntry& entry : all_tasks()) names.push_back(entry.name);
  // Variations must conform, too.
  names.insert(names.end(), {
                                "gym/hopper action_repeat=3",
                                "gym/ant observation_noise=0.1 action_noise=0.1 distractors=4",
                                "gym/half-cheetah distractors=5 distraction=linear action_repeat=2",
                                "gym/walker2d distractors=2 distraction=noise slope=5",
                                "rllib/half-cheetah mass_spread=2 friction_spread=3 "
                                "damping_spread=1.5 gravity_spread=1.2 gear_spread=1.1",
                                "rllab/ant cripple=leg cripple_among=[0,2] slope_spread=10",
                                "mbbl/half-cheetah cripple=actuator",
                                "mbbl/half-cheetah observation_noise=0.01 noisy_reward=true",
                                "mbbl/hopper-et action_noise=0.1 noisy_reward=true",
                                "classic/pendulum mass_spread=2 gravity_spread=2 action_noise=0.1",
                            });
  return names;
}

/// "gym_hopper"
inline std::string test_name(const ::testing::TestParamInfo<std::string>& test) {
  std::string name = test.param;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

}  // namespace reverie::testing
