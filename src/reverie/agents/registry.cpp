#include <reverie/agents/mb_mpo.h>
#include <reverie/agents/mbpo.h>
#include <reverie/agents/me_trpo.h>
#include <reverie/agents/model_free.h>
#include <reverie/agents/off_policy.h>
#include <reverie/agents/slbo.h>
#include <reverie/agents/svg.h>
#include <reverie/agents/vanilla_bptt.h>
#include <reverie/agents/vanilla_sim.h>
#include <reverie/core/error.h>

namespace reverie {
namespace {

template <class SomeAgent, class Config>
AgentEntry entry(std::string name, std::string summary) {
  return {std::move(name), std::move(summary),
          []() -> std::unique_ptr<AgentConfig> { return std::make_unique<Config>(); },
          [](const AgentConfig& config, Session& session) -> std::unique_ptr<Agent> {
            return std::make_unique<SomeAgent>(dynamic_cast<const Config&>(config), session);
          }};
}

}  // namespace

const std::vector<AgentEntry>& all_agents() {
  static const std::vector<AgentEntry> agents = {
      entry<MbMpo, MbMpoConfig>("mb-mpo",
                                "model-based meta-policy optimisation (Clavera et al. 2018)"),
      entry<MeTrpo, MeTrpoConfig>("me-trpo",
                                  "TRPO in an ensemble of models, until they no longer agree that "
                                  "it improves (Kurutach et al. 2018)"),
      entry<MeTrpo, MePpoConfig>("me-ppo", "the same by PPO (Kurutach et al. 2018)"),
      entry<Slbo, SlboConfig>(
          "slbo",
          "model and policy learn in turns, the model over several steps (Luo et al. 2019)"),
      entry<VanillaSim, VanillaSimConfig>(
          "vanilla-sim", "collect, fit one model, improve the policy in it as in a simulator"),
      entry<VanillaBptt, VanillaBpttConfig>(
          "vanilla-bptt", "collect, fit a model, improve the policy by backpropagation through it"),
      entry<Svg, SvgConfig>("svg",
                            "stochastic value gradients: through model and value along what really "
                            "happened (Heess et al. 2015)"),
      entry<ModelFree, VpgAgentConfig>("vpg", "vanilla policy gradient (Williams 1992)"),
      entry<ModelFree, TrpoAgentConfig>("trpo",
                                        "trust region policy optimisation (Schulman et al. 2015)"),
      entry<ModelFree, PpoAgentConfig>("ppo",
                                       "proximal policy optimisation (Schulman et al. 2017)"),
      entry<Mbpo, MbpoConfig>("mbpo",
                              "SAC on short imagined rollouts that branch off real states (Janner "
                              "et al. 2019)"),
      entry<Mbpo, TomAgentConfig>(
          "tom",
          "the same, its model learned where the policy goes, by transition "
          "occupancy matching (Ma et al. 2023)"),
      entry<Mbpo, MaacConfig>("maac",
                              "actor-critic whose policy's gradient goes through several imagined "
                              "steps (Clavera et al. 2020)"),
      entry<Mbpo, SvgSacConfig>(
          "svg-sac",
          "SAC whose policy's gradient goes through the model for three steps "
          "(Amos et al. 2021)"),
      entry<OffPolicy, SacAgentConfig>("sac", "soft actor-critic (Haarnoja et al. 2018)"),
      entry<OffPolicy, Td3AgentConfig>(
          "td3", "twin delayed deterministic policy gradient (Fujimoto et al. 2018)"),
      entry<OffPolicy, CrossQAgentConfig>(
          "crossq", "SAC with batch-normalised critics and no slow copies (Bhatt et al. 2024)"),
      entry<OffPolicy, DdpgAgentConfig>(
          "ddpg", "deep deterministic policy gradient (Lillicrap et al. 2016)"),
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
