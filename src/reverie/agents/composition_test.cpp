// Any method with any head and any objective, by settings alone.
#include <reverie/agents/agent.h>
#include <reverie/agents/test_small_settings.h>
#include <reverie/collect/rollout.h>
#include <reverie/envs/suites/registry.h>
#include <reverie/models/objectives/registry.h>

#include <gtest/gtest.h>

#include <algorithm>

namespace reverie {
namespace {

struct Cell {
  std::string method, head, objective;

  std::string label() const {
    std::string text = method + (head.empty() ? "" : "_" + head + "_" + objective);
    std::replace(text.begin(), text.end(), '-', '_');
    return text;
  }
  friend void PrintTo(const Cell& cell, std::ostream* out) { *out << cell.label(); }
};

std::vector<Cell> cells() {
  std::vector<Cell> all;
  for (const AgentEntry& method : all_agents()) {
    const auto config = method.make_config();
    Settings settings;
    config->describe(settings);
    if (!settings.find("model.head")) {
      all.push_back({method.name, "", ""});
      continue;
    }
    for (const std::string& head : setting_names(Head{}))
      for (const std::string& objective : setting_names(ObjectiveKind{}))
        all.push_back({method.name, head, objective});
  }
  return all;
}

class Composition : public ::testing::TestWithParam<Cell> {};

/// The mean action's return on 50 episodes, always the same.
double value(Agent& agent, const Session& session) {
  const auto world = session.another_world(50, RandomStream(9, "composition"));
  RandomStream unused;
  return first_returns(
             roll_out(*world, session.task().spec().horizon, *agent.actor(), Mode::exploit, unused))
      .mean()
      .item<double>();
}

TEST_P(Composition, ImprovesOnItsStart) {
  const Cell& cell = GetParam();
  const AgentEntry& entry = find_agent(cell.method);
  const auto config = entry.make_config();
  Settings settings;
  config->describe(settings);
  testing::make_small(settings, cell.method);
  if (!cell.head.empty()) {
    settings.assign("model.head=" + cell.head, "test");
    settings.assign("objective.kind=" + cell.objective, "test");
  }
  EnvConfig env;
  env.horizon = 30;
  Monitor monitor;
  Session session(find_task("classic/point-mass"), env, cell.method, 1, torch::kCPU, monitor);
  const auto agent = entry.make(*config, session);
  const double before = value(*agent, session);
  for (int64_t i = 0; i < testing::iterations_to_learn(cell.method); ++i)
    for (const Phase& phase : agent->iteration()) phase.run();
  const double after = value(*agent, session);
  RecordProperty("before", std::to_string(before));
  RecordProperty("after", std::to_string(after));
  EXPECT_GT(after, before + 0.2 * std::abs(before));
}

INSTANTIATE_TEST_SUITE_P(Cells, Composition, ::testing::ValuesIn(cells()),
                         [](const auto& cell) { return cell.param.label(); });

}  // namespace
}  // namespace reverie
