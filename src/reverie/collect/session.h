// Where an agent lives: its task, its world, what it remembers, and its random streams.
#pragma once

#include <reverie/core/monitor.h>
#include <reverie/data/replay.h>
#include <reverie/envs/world.h>

#include <map>
#include <memory>
#include <string>

namespace reverie {

/// Made before the agent and saved beside it, by the trainer, a test or a main() of one's own. What
/// costs time or memory, the world's environments and a replay's rows, comes to be when it is first
/// used, so that an agent that is only looked at costs none.
class Session {
 public:
  /// `method` names the random streams. `entry` and `monitor` outlive the session.
  Session(const TaskEntry& entry, const EnvConfig& env, std::string method, uint64_t seed,
          torch::Device device, Monitor& monitor);

  const Task& task() const { return *task_; }
  /// Of the agent's tensors; world and replays are on the CPU.
  const torch::Device& device() const { return device_; }
  Monitor& monitor() const { return monitor_; }
  /// The stream "<method>/<name>" from its beginning: ask once, keep it, save it.
  RandomStream stream(std::string_view name) const {
    return {seed_, method_ + "/" + std::string(name)};
  }

  /// Says how many environments run side by side, once, before the world is used. Throws UsageError
  /// for more than a machine holds.
  void open_world(int64_t environments);
  int64_t environments() const { return environments_; }
  World& world();
  /// A world of the same task whose steps nobody counts, for oracles.
  std::unique_ptr<World> another_world(int64_t environments, RandomStream random) const;
  /// Real steps so far.
  int64_t steps() const { return world_ ? world_->steps() : 0; }

  /// The replay of this name, which holds `capacity` transitions; the same each time.
  Replay& replay(std::string_view name, int64_t capacity);

  /// Imagined steps are counted here, and the seconds that they took.
  void count_imagined(int64_t steps, double seconds);
  int64_t imagined_steps() const { return imagined_steps_; }
  double imagine_seconds() const { return imagine_seconds_; }

  /// World, replays and counters. Read into a session whose agent has been made.
  void serialize(Archive& archive);

 private:
  const TaskEntry& entry_;
  EnvConfig env_;
  std::string method_;
  uint64_t seed_;
  torch::Device device_;
  Monitor& monitor_;
  std::shared_ptr<const Task> task_;
  int64_t environments_ = 0;
  std::unique_ptr<World> world_;
  std::map<std::string, std::unique_ptr<Replay>, std::less<>> replays_;
  int64_t imagined_steps_ = 0;
  double imagine_seconds_ = 0;  // of this process
};

}  // namespace reverie
