// Settings with which methods learn a small task in seconds: for tests.
#pragma once

#include <reverie/core/settings.h>

#include <map>
#include <string>
#include <vector>

namespace reverie::testing {

/// Settings that make a method small; keys a method does not have are left out.
inline const std::map<std::string, std::string> kSmall = {
    {"tasks", "6"},
    {"meta_steps", "8"},
    {"policy_steps", "8"},
    {"inner_iterations", "2"},
    {"most_steps", "15"},
    {"vote_rollouts", "20"},
    {"collect.random_steps", "360"},
    {"collect.rollouts", "1"},
    {"collect.buffer", "2000"},
    {"imagine.rollouts", "8"},
    {"model.hidden", "[32]"},
    {"model.members", "3"},
    {"fit.first_epochs", "30"},
    {"fit.epochs", "10"},
    {"fit.batch", "64"},
    {"critic.hidden", "[32]"},
    {"critic.learning_rate", "0.003"},
    {"critic.target_rate", "0.02"},
    {"objective.tom.policy_rows", "60"},
    {"objective.tom.q_hidden", "[32]"},
    {"objective.tom.q_steps", "50"},
    {"objective.model_advantage.plain", "1"},  // for a reward that is computed from the state
    {"objective.value.hidden", "[32]"},
    {"objective.value.learning_rate", "0.003"},
    {"policy.init_std", "0.5"},
    {"policy.hidden", "[16]"},
    {"policy.output_scale", "0.01"},  // so that no policy happens to be good before it has learned
};

/// Further settings a method needs to learn the small task, and in how many iterations.
struct Needs {
  std::vector<std::string> sets;
  int64_t iterations = 5;
};
inline const std::vector<std::string> kBranches = {"batch=64",
                                                   "updates=2",
                                                   "steps=60",
                                                   "imagine.rollouts=1000",
                                                   "imagine.kept=2",
                                                   "imagine.last_horizon=3",
                                                   "imagine.grows_from=0",
                                                   "imagine.grows_until=720",
                                                   "sac.learning_rate=0.003",
                                                   "sac.temperature_rate=0.003"};
inline const std::map<std::string, Needs> kNeeds = {
    {"me-trpo", {{"imagine.rollouts=48"}}},
    {"me-ppo", {{"imagine.rollouts=48", "ppo.learning_rate=0.01"}}},
    {"vanilla-sim", {{"imagine.rollouts=48", "policy_steps=12"}}},
    {"slbo", {{"imagine.rollouts=48"}}},
    {"vanilla-bptt", {{"policy_steps=40", "pathwise.learning_rate=0.01"}}},
    {"svg",
     {{"collect.rollouts=12", "policy_steps=60", "svg.learning_rate=0.005", "svg.kl_penalty=0.1",
       "svg.discount=0.95", "value.hidden=[32]", "value.learning_rate=0.003", "value.epochs=20",
       "value.target_rate=0.02"},
      25}},
    {"mbpo", {kBranches, 14}},
    {"tom", {kBranches, 14}},
    {"maac", {kBranches, 14}},
    {"svg-sac", {kBranches, 14}},
    {"vpg", {{"collect.rollouts=40", "collect.random_steps=0", "vpg.learning_rate=0.05"}, 40}},
    {"trpo", {{"collect.rollouts=40", "collect.random_steps=0"}, 25}},
    {"ppo", {{"collect.rollouts=40", "collect.random_steps=0", "ppo.learning_rate=0.01"}, 25}},
    {"sac", {{"batch=64", "sac.learning_rate=0.003", "sac.temperature=0.1"}, 9}},
    {"td3", {{"batch=64", "td3.learning_rate=0.003"}, 9}},
    {"crossq", {{"batch=64", "crossq.learning_rate=0.003", "crossq.temperature=0.1"}, 9}},
    {"ddpg", {{"batch=64", "td3.learning_rate=0.001"}, 20}},
};

/// Applies the small settings to a method.
inline void make_small(Settings& settings, const std::string& method) {
  for (const auto& [key, value] : kSmall)
    if (settings.find(key)) settings.assign(key, std::string_view(value), std::string_view("test"));
  if (const auto needs = kNeeds.find(method); needs != kNeeds.end())
    for (const auto& set : needs->second.sets) settings.assign(set, "test");
}

inline int64_t iterations_to_learn(const std::string& method) {
  const auto needs = kNeeds.find(method);
  return needs == kNeeds.end() ? Needs{}.iterations : needs->second.iterations;
}

}  // namespace reverie::testing
