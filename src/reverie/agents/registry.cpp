#include <reverie/agents/mb_mpo.h>
#include <reverie/core/error.h>

namespace reverie {
namespace {

template <class SomeAgent, class Config>
AgentEntry entry(std::string name, std::string summary) {
  return {std::move(name), std::move(summary),
          []() -> std::unique_ptr<AgentConfig> { return std::make_unique<Config>(); },
          [](const AgentConfig& config, const AgentContext& context) -> std::unique_ptr<Agent> {
            return std::make_unique<SomeAgent>(dynamic_cast<const Config&>(config), context);
          }};
}

}  // namespace

const std::vector<AgentEntry>& all_agents() {
  static const std::vector<AgentEntry> agents = {
      entry<MbMpo, MbMpoConfig>("mb-mpo",
                                "model-based meta-policy optimisation (Clavera et al. 2018)"),
  };
  return agents;
}

const AgentEntry& find_agent(std::string_view name) {
  std::vector<std::string> names;
  for (const auto& agent : all_agents()) {
    if (agent.name == name) return agent;
    names.push_back(agent.name);
  }
  throw UsageError(fmt::format("unknown method '{}'{} (`reverie list methods` shows them all)",
                               name, did_you_mean(name, names)));
}

}  // namespace reverie
