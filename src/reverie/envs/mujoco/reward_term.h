// Computes a term of the reward.
#pragma once

#include <reverie/envs/mujoco/source.h>

namespace reverie {

/// A term, and where its quantities are read.
struct ResolvedTerm {
  RewardTerm term;
  Source source = {};
  std::optional<Source> stand_in = {};  ///< Used where the source is not observed.
  std::vector<ResolvedTerm> times = {};

  /// The quantities in this term and its factors that an agent cannot derive from observations.
  std::vector<Quantity> untold() const;
  bool is_told() const { return untold().empty(); }
  /// Whether the number derived from observations is exactly the simulator's.
  bool is_exact() const;
};

ResolvedTerm resolve(const RewardTerm& term, const SourceFinder& finder, const mjModel& model);

/// Returns the number [n] that the weight multiplies for a step, from rows of measurements or
/// observations before and after it and the action [n, a]. `seconds`: length of the step. `low`,
/// `high`: the actuators' range [a]. Omits factors that an agent cannot derive. Not for Of::one
/// without factors.
Tensor value(const ResolvedTerm& term, Seen seen, const Tensor& before, const Tensor& action,
             const Tensor& after, double seconds, const Tensor& low, const Tensor& high);

}  // namespace reverie
