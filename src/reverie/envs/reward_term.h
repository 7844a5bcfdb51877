// A term of the reward, computed.
#pragma once

#include <reverie/envs/source.h>

namespace reverie {

/// A term, and where it is read.
struct ResolvedTerm {
  RewardTerm term;
  Source source = {};
  std::optional<Source> stand_in = {};  ///< Where the source is not observed.
  std::vector<ResolvedTerm> times = {};

  /// Which of the quantities that it and its factors are made of an agent can't tell.
  std::vector<Quantity> untold() const;
  bool is_told() const { return untold().empty(); }
  /// Whether an agent is told the very number, where it is told one.
  bool is_exact() const;
};

ResolvedTerm resolve(const RewardTerm& term, const SourceFinder& finder, const mjModel& model);

/// What the term's weight is multiplied by, [n], of a step: rows of measurements or observations
/// before and after it, and the action [n, a]. `seconds`: of the step. `low`, `high`: the
/// actuators' range [a]. A factor that an agent can't tell is left out. Not for Of::one without
/// factors.
Tensor value(const ResolvedTerm& term, Seen seen, const Tensor& before, const Tensor& action,
             const Tensor& after, double seconds, const Tensor& low, const Tensor& high);

}  // namespace reverie
