// The interface of a complete method.
#pragma once

#include <reverie/collect/session.h>
#include <reverie/core/settings.h>
#include <reverie/policies/actor.h>
#include <reverie/values/advantage.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace reverie {

class Policy;

/// Roles of settings, for code that knows no particular method.
enum class SettingRole {
  random_steps,  ///< An integer: real steps with random actions at the start of training.
  learn_reward,  ///< true or false: whether the model learns the reward.
  learn_end,     ///< Likewise for the end of an episode.
};

/// Returns the key that every method with a learned model uses for a setting of this role.
std::string_view key_where_a_model_is_learned(SettingRole role);

/// Signs of trouble that runs are monitored for: see runs/signs.h.
enum class Sign {
  imagined_too_high,
  std_collapsed,
  short_episodes,
  useless_model,
  critic_diverges
};

/// How policy-gradient steps adapt a method's policy to a world.
struct Adaptation {
  double learning_rate = 1e-3;
  AdvantageConfig advantage = {};
  /// The settings these come from: keys, or groups of keys ending in a dot.
  std::vector<std::string> keys = {};
};

/// Settings of a method; each agent has its own.
class AgentConfig {
 public:
  virtual ~AgentConfig() = default;
  virtual void describe(Settings& settings) = 0;
  /// Remarks on settings that have no effect given the others; shown when a run starts.
  virtual std::vector<std::string> remarks() const { return {}; }
  /// Returns the key of the setting with this role; empty if the method has none.
  virtual std::string_view key_of(SettingRole) const { return {}; }
  /// How the method's policy would be adapted, whether or not it was trained for that.
  virtual Adaptation adaptation() const { return {}; }
  /// What to do about a sign, in terms of settings: "shorten imagine.horizon"; empty if the method
  /// has no advice.
  virtual std::string_view advice(Sign) const { return {}; }
};

/// One phase of an agent's iteration.
struct Phase {
  std::string name;  ///< "collect", "fit", "improve": its seconds are recorded as "time/<name>".
  std::function<void()> run;
};

/// A method. It is created in a session, and the trainer runs
///
///     while (session.steps() < budget) for (const Phase& phase : phases) phase.run();
///
/// and may save session and agent between any two phases, so an agent keeps no state on the stack
/// between them.
class Agent {
 public:
  virtual ~Agent() = default;

  /// The phases of an iteration, in order: always the same ones. They refer to the agent.
  virtual std::vector<Phase> iteration() = 0;

  /// Returns the actor to evaluate and watch. It refers to the agent.
  virtual std::unique_ptr<Actor> actor() = 0;

  /// The policy to export and adapt; null if the agent plans.
  virtual const Policy* policy() const { return nullptr; }

  /// Saves or restores what it has learned; its replays are the session's.
  virtual void serialize(Archive& archive) = 0;

  /// Starts from what another agent of this method saved ("agent" in `saved`, as written by
  /// `serialize`): takes its policy and model, each if the shapes match. Call before anything else.
  /// Returns what was taken, and what was not and why; throws Error where nothing fits.
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
