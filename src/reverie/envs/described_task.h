// A task made of its description.
#pragma once

#include <reverie/envs/reward_term.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace reverie {

/// Computes what a `TaskDescription` says: for the simulator from its measurements; for the
/// imagination from observations alone, as far as they tell. A term of the reward whose quantity is
/// not observed is paid by its stand-in there, or left out: `spec().description` says so.
class DescribedTask : public Task {
 public:
  /// Throws UsageError for a name or a component that the body has not got.
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
  /// The healthy ranges side by side: the least and the greatest healthy value of each column.
  struct Box {
    Tensor columns;    ///< [k] int64; undefined: there are none.
    Tensor low, high;  ///< [k] float64
    Tensor low32, high32;
    /// What is no column: differences, norms, what joints tell.
    std::vector<const Range*> others = {};
  };

  bool ends_by_health() const { return !healthy_.empty() && description_.ends_when_unhealthy; }
  /// Rows of actions as rewards charge for them.
  Tensor in_actuators_units(const Tensor& action) const;

  /// Sets what is exact and told, and says what is not.
  void judge_reward();
  void judge_end();

  Tensor sum_of_terms(Seen seen, const Tensor& before, const Tensor& action,
                      const Tensor& after) const;
  Box healthy_box(Seen seen) const;
  const Box& healthy_box(Seen seen, torch::Device device) const;
  Tensor healthy(Seen seen, const Tensor& rows) const;

  TaskDescription description_;
  double seconds_ = 0;  ///< Of a control step.
  MeasurementLayout layout_;
  Tensor actuator_low_, actuator_high_;  ///< [a] float64, for the simulator's reward.
  Tensor middle_, half_;  ///< [a] float64, of the actuators' ranges, where actions are of others.
  std::vector<ObservedColumns> parts_;
  /// The same in fewer pieces, of which `measured` counts: `part` is that of the first.
  std::vector<ObservedColumns> observed_together_;
  std::vector<ResolvedTerm> terms_;
  std::vector<Range> healthy_;
  Box measured_box_, observed_box_;
  mutable std::map<std::pair<Seen, std::string>, Box> device_boxes_;
  mutable std::mutex device_boxes_mutex_;
  bool exact_ = true, told_ = true;
};

}  // namespace reverie
