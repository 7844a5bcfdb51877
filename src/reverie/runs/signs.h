// Detects known training failures from a run's figures.
#pragma once

#include <reverie/agents/agent.h>
#include <reverie/runs/store.h>

#include <array>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace reverie {

/// Checks a run's iterations in order for the signs that docs/learning.md describes, and reports
/// them with the method's advice:
///
/// - the imagined return far above the real one: the excess is more than 1.5 times the range of
///   real returns so far (or their std in this collection, if larger) and than a tenth of the real
///   return, which is scaled down in proportion where imagined episodes are shorter;
/// - the policy's std collapsed: below a twentieth of its first value;
/// - very short episodes: fewer than 10 steps, and less than a twentieth of the horizon;
/// - a model no better than predicting the mean: `model/new_data_error` of nearly 1;
/// - a critic that diverges: `critic/loss` a thousand times its lowest in the last 20 iterations,
/// and
///   its errors as large as half its values.
///
/// All but the second and the last must hold for `kPatience` consecutive iterations, not counting
/// the first, whose actions are random. A metric that the agent does not record gives no sign.
class Signs {
 public:
  static constexpr int kPatience = 3;

  /// `horizon`: steps until a real episode is truncated. `method` must outlive this.
  Signs(int64_t horizon, const AgentConfig& method) : horizon_(horizon), method_(method) {}

  /// Processes the next iteration. Returns one line for each sign that shows for the first time.
  std::vector<std::string> see(const IterationRow& row);

 private:
  using Metrics = std::map<std::string, double>;
  /// Each returns a description of its sign, or nothing.
  std::optional<std::string> imagined_too_high(const Metrics& metrics);
  std::optional<std::string> collapsed(const Metrics& metrics);
  std::optional<std::string> short_episodes(const Metrics& metrics) const;
  std::optional<std::string> useless_model(const Metrics& metrics) const;
  std::optional<std::string> critic_diverges(const Metrics& metrics);
  /// The method's advice, preceded by `lead`; empty where it has none.
  std::string advice(std::string_view lead, Sign sign) const;

  struct Watch {
    int on_end = 0;
    bool told = false;
  };
  int64_t horizon_;
  const AgentConfig& method_;
  int64_t seen_ = 0;
  std::optional<double> first_std_;
  std::optional<double> lowest_real_, highest_real_;
  std::deque<double> critic_losses_;  ///< Of the last iterations.
  std::array<Watch, 5> watches_;
};

}  // namespace reverie
