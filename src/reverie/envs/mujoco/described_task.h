// A task built from its description.
#pragma once

#include <reverie/envs/environment.h>
#include <reverie/envs/mujoco/reward_term.h>
#include <reverie/envs/mujoco/simulation.h>
#include <reverie/envs/task_entry.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace reverie {

/// Computes what a `TaskDescription` says: for the simulator from its measurements; for the
/// imagination from observations alone, as far as possible. There, a reward term whose quantity is
/// not observed uses its stand-in or is left out: `spec().description` says so.
class DescribedTask : public Task {
 public:
  /// Throws UsageError for a name or a component that the body does not have.
  DescribedTask(TaskDescription description, const EnvConfig& config);

  Tensor observe(const Tensor& measurement) const override;
  Tensor reward(const Tensor& observation, const Tensor& action, const Tensor& next) const override;
  bool reward_is_exact() const override { return exact_; }
  bool reward_is_told() const override { return told_; }
  Tensor measured_reward(const Tensor& measurement, const Tensor& action,
                         const Tensor& next) const override;
  bool terminates() const override { return ends_by_health() || description_.ends_when_diverged; }
  bool end_is_exact() const override;
  bool end_is_told() const override;
  Tensor terminated(const Tensor& next) const override;
  Tensor measured_terminated(const Tensor& next) const override;

 protected:
  const TaskDescription& description() const { return description_; }

 private:
  struct Range {
    HealthyRange range;
    Source source;
  };
  /// The healthy ranges side by side: the lowest and highest healthy value of each column.
  struct Box {
    Tensor columns;    ///< [k] int64; undefined: there are none.
    Tensor low, high;  ///< [k] float64
    Tensor low32, high32;
    /// Ranges of what is not a column: differences, norms, values computed from joints.
    std::vector<const Range*> others = {};
  };

  bool ends_by_health() const { return !healthy_.empty() && description_.ends_when_unhealthy; }
  /// Converts rows of actions to the actuators' units, which rewards use.
  Tensor in_actuators_units(const Tensor& action) const;

  /// Set what is exact and what is told (see Task), and note in `spec_` what is not.
  void judge_reward();
  void judge_end();

  Tensor sum_of_terms(Seen seen, const Tensor& before, const Tensor& action,
                      const Tensor& after) const;
  Box healthy_box(Seen seen) const;
  const Box& healthy_box(Seen seen, torch::Device device) const;
  Tensor healthy(Seen seen, const Tensor& rows) const;

  TaskDescription description_;
  double seconds_ = 0;  ///< Per control step.
  MeasurementLayout layout_;
  Tensor actuator_low_, actuator_high_;  ///< [a] float64, for the simulator's reward.
  Tensor middle_, half_;  ///< [a] float64, of the actuators' ranges, where actions need mapping.
  std::vector<ObservedColumns> parts_;
  /// The same with adjacent plain parts merged: only `measured` is widened, the rest is that of
  /// the first part.
  std::vector<ObservedColumns> observed_together_;
  std::vector<ResolvedTerm> terms_;
  std::vector<Range> healthy_;
  Box measured_box_, observed_box_;
  mutable std::map<std::pair<Seen, std::string>, Box> device_boxes_;
  mutable std::mutex device_boxes_mutex_;
  bool exact_ = true, told_ = true;
};

/// The entry of the task that `describe` returns for given settings. `TaskClass` is DescribedTask
/// or a class derived from it that has its constructor.
template <class TaskClass = DescribedTask>
TaskEntry described_entry(const std::string& name,
                          const std::function<TaskDescription(const EnvConfig&)>& describe) {
  return {name,
          [describe](const EnvConfig& config) -> std::shared_ptr<const Task> {
            check_ranges(config);
            return std::make_shared<TaskClass>(describe(config), config);
          },
          [describe](const EnvConfig& config) -> std::unique_ptr<Simulation> {
            check_ranges(config);
            return std::make_unique<MujocoSimulation>(plan(describe(config)), config);
          }};
}

/// The entry of a description that does not depend on the settings.
template <class TaskClass = DescribedTask>
TaskEntry described_entry(const TaskDescription& description) {
  return described_entry<TaskClass>(description.name, [description](const EnvConfig& config) {
    refuse_changes(config, {"env.version"}, description.name);
    return description;
  });
}

}  // namespace reverie
