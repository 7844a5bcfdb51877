// The interface of a whole method.
#pragma once

#include <reverie/collect/session.h>
#include <reverie/core/settings.h>
#include <reverie/policies/actor.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace reverie {

class GaussianPolicy;

/// What a setting may mean to those who know no method.
enum class SettingRole {
  random_steps,  ///< An integer: real steps by random actions that training begins with.
  learn_reward,  ///< true or false: whether the model learns the reward.
  learn_end,     ///< Likewise the end of an episode.
};

/// The key that every method with a learned model gives to a setting of this role.
std::string_view key_where_a_model_is_learned(SettingRole role);

/// Signs of trouble that a run is watched for: see runs/signs.h.
enum class Sign { imagined_too_high, std_collapsed, short_episodes, useless_model };

/// Settings of a method; each agent has its own.
class AgentConfig {
 public:
  virtual ~AgentConfig() = default;
  virtual void describe(Settings& settings) = 0;
  /// Sentences on settings that do nothing beside the others; shown when a run starts.
  virtual std::vector<std::string> remarks() const { return {}; }
  /// The key of the setting that has this role; empty where the method has none.
  virtual std::string_view key_of(SettingRole) const { return {}; }
  /// What to do about a sign, by the settings' keys: "shorten imagine.horizon"; empty where the
  /// method knows nothing.
  virtual std::string_view advice(Sign) const { return {}; }
};

/// A stretch of an agent's iteration.
struct Phase {
  std::string name;  ///< "collect", "fit", "improve": its seconds are recorded as "time/<name>".
  std::function<void()> run;
};

/// A method. It is made in a session, and the trainer runs
///
///     while (session.steps() < budget) for (const Phase& phase : phases) phase.run();
///
/// and may save session and agent between any two phases: an agent keeps nothing on the stack from
/// one to the next.
class Agent {
 public:
  virtual ~Agent() = default;

  /// The phases of an iteration, in order: always the same ones. They refer to the agent.
  virtual std::vector<Phase> iteration() = 0;

  /// Who acts for it: evaluated and watched. Refers to the agent.
  virtual std::unique_ptr<Actor> actor() = 0;

  /// The policy that stands for the agent, exported and adapted; null where it plans.
  virtual const GaussianPolicy* policy() const { return nullptr; }

  /// What it knows; what it remembers is the session's.
  virtual void serialize(Archive& archive) = 0;

  /// Starts from what another agent of this method saved ("agent" in `saved`, as `serialize` wrote
  /// it): policy and model, each where its shape is this one's. Call before anything else. Says
  /// what was taken, and what wasn't and why; throws Error where nothing fits.
  virtual std::string start_from(Archive& saved);
};

/// A registered method.
struct AgentEntry {
  std::string name;     ///< "mb-mpo"
  std::string summary;  ///< One line, with the paper.
  std::unique_ptr<AgentConfig> (*make_config)();
  std::unique_ptr<Agent> (*make)(const AgentConfig&, Session&);
};

/// All methods. Their presets are in `presets/<name>.toml`.
const std::vector<AgentEntry>& all_agents();

/// Throws UsageError for an unknown name, with the nearest ones.
const AgentEntry& find_agent(std::string_view name);

}  // namespace reverie
