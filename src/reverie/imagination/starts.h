// Where imagined rollouts start.
#pragma once

#include <reverie/collect/session.h>
#include <reverie/core/settings.h>

#include <functional>

namespace reverie {

enum class StartStates {
  reset,    ///< Fresh initial states, as the simulator's reset draws them.
  initial,  ///< Initial states in the replay.
  buffer,   ///< Any state in the replay, mixed with some fresh initial ones.
};
std::vector<std::string> setting_names(StartStates);

struct StartsConfig {
  StartStates from = StartStates::reset;
  double reset_probability = 0.1;
  bool weighted = true;

  void describe(Settings& settings) {
    settings.add("from", from,
                 "where imagined rollouts start: fresh initial states, those in the replay "
                 "(initial), or any state in it (buffer)");
    settings.add("reset_probability", reset_probability,
                 "with from = buffer: fraction of fresh initial states", between(0, 1));
    settings.add(
        "weighted", weighted,
        "with from = buffer: whether states are drawn by the weights of the fit's objective, "
        "where it has any (objective.kind = tom)");
  }
};

/// Draws start states. Fresh initial ones cost no real step.
class Starts {
 public:
  /// Returns weights of the replay's states, up to a factor, oldest first: [replay.size()].
  /// Undefined: all alike.
  using Weights = std::function<Tensor()>;

  /// `replay`, and what `weights` uses, must outlive it.
  Starts(Session& session, const StartsConfig& config, const Replay& replay, Weights weights = {});

  /// Returns start states [groups, rows, o] on the session's device.
  Tensor draw(int64_t groups, int64_t rows);

  void serialize(Archive& archive);

 private:
  Tensor from_replay(int64_t count);
  Tensor any_rows(int64_t count);

  Session& session_;
  StartsConfig config_;
  const Replay& replay_;
  Weights weights_;
  RandomStream random_;
};

}  // namespace reverie
