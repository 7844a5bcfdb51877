// The interface of a whole method.
#pragma once

#include <reverie/core/monitor.h>
#include <reverie/core/settings.h>
#include <reverie/data/replay.h>
#include <reverie/envs/world.h>

#include <memory>
#include <string>
#include <vector>

namespace reverie {

class GaussianPolicy;

/// What an agent is made from. The references outlive it.
struct AgentContext {
  const Task& task;
  uint64_t seed;
  torch::Device device;  ///< Of the agent's tensors; what it gets and gives is on the CPU.
  Monitor& monitor;
};

/// What a setting may mean to those who know no method.
enum class SettingRole {
  random_steps,  ///< An integer: real steps by random actions that training begins with.
  learn_reward,  ///< true or false: whether the model learns the reward.
  learn_end,     ///< Likewise the end of an episode.
};

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
  /// What to do about a sign, by the settings' keys: "shorten imagined_horizon"; empty where the
  /// method knows nothing.
  virtual std::string_view advice(Sign) const { return {}; }
};

/// A method. The trainer runs
///
///     while (world.steps() < budget) { agent.collect(world, replay); agent.fit(replay);
///                                      agent.improve(world); }
///
/// and may save the agent between any two of these calls.
class Agent {
 public:
  virtual ~Agent() = default;

  /// How many environments to run side by side, and how many transitions to remember.
  virtual int64_t environments() const = 0;
  virtual int64_t replay_capacity() const = 0;

  /// Acts in the world, remembers what happened.
  virtual void collect(World& world, Replay& replay) = 0;
  /// Learns what the world does.
  virtual void fit(const Replay& replay) = 0;
  /// Practises in imagination. `world` serves for initial states only: it takes no real step.
  virtual void improve(World& world) = 0;

  /// The policy that stands for the agent: evaluated, exported, adapted.
  virtual const GaussianPolicy& policy() const = 0;

  /// Imagined steps so far.
  virtual int64_t imagined_steps() const { return 0; }

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
  std::unique_ptr<Agent> (*make)(const AgentConfig&, const AgentContext&);
};

/// All methods. Their presets are in `presets/<name>.toml`.
const std::vector<AgentEntry>& all_agents();

/// Throws UsageError for an unknown name, with the nearest ones.
const AgentEntry& find_agent(std::string_view name);

}  // namespace reverie
