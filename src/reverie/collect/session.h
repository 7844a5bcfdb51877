// What an agent runs in: its task, world, replays and random streams.
#pragma once

#include <reverie/core/monitor.h>
#include <reverie/data/replay.h>
#include <reverie/envs/task_entry.h>
#include <reverie/envs/world.h>

#include <map>
#include <memory>
#include <string>

namespace reverie {

/// Created before the agent and saved beside it, by the trainer, a test or your own main(). The
/// world's environments and the replays' rows, which cost time or memory, are allocated on first
/// use, so an agent that is only inspected costs none.
class Session {
 public:
  /// `method` names the random streams. `entry` and `monitor` must outlive the session.
  Session(const TaskEntry& entry, const EnvConfig& env, std::string method, uint64_t seed,
          torch::Device device, Monitor& monitor);

  const Task& task() const { return *task_; }
  /// The device of the agent's tensors; world and replays are on the CPU.
  const torch::Device& device() const { return device_; }
  Monitor& monitor() const { return monitor_; }
  /// Returns the stream "<method>/<name>" from its beginning: call once, keep it, save it.
  RandomStream stream(std::string_view name) const {
    return {seed_, method_ + "/" + std::string(name)};
  }

  /// Sets the number of parallel environments, once, before the world is used. Throws UsageError
  /// for more than a machine can hold.
  void open_world(int64_t environments);
  int64_t environments() const { return environments_; }
  World& world();
  /// Returns a world of the same task whose steps are not counted, for oracles.
  std::unique_ptr<World> another_world(int64_t environments, RandomStream random) const;
  /// Real steps so far.
  int64_t steps() const { return world_ ? world_->steps() : 0; }

  /// Returns the replay `name`, created on the first call to hold `capacity` transitions.
  Replay& replay(std::string_view name, int64_t capacity);

  /// Counts imagined steps and the seconds they took.
  void count_imagined(int64_t steps, double seconds);
  int64_t imagined_steps() const { return imagined_steps_; }
  double imagine_seconds() const { return imagine_seconds_; }

  /// Saves or restores world, replays and counters. Restore only after the agent has been created.
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
  double imagine_seconds_ = 0;  // in this process
};

}  // namespace reverie
