// Known ways in which training goes wrong, seen in its figures.
#pragma once

#include <reverie/agents/agent.h>
#include <reverie/runs/store.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace reverie {

/// Looks at a run's iterations one after another and names what docs/learning.md tells more of,
/// with the method's advice:
///
/// - the imagined return far above the real one: by more than 1.5 times all that the real one has
///   varied (or its spread over one collection), and than a tenth of it; where imagined episodes
///   are the shorter ones, of as large a part of the real one;
/// - the policy's std collapsed: below a twentieth of the first;
/// - episodes of a few steps: fewer than 10, and than a twentieth of the horizon;
/// - a model no better than its mean: `model/new_data_error` of nearly 1.
///
/// All but the second must hold for `kPatience` iterations on end, after the first, whose actions
/// are random. Metrics that an agent does not record are no sign of anything.
class Signs {
 public:
  static constexpr int kPatience = 3;

  /// `horizon`: steps until a real episode is truncated. `method` outlives this.
  Signs(int64_t horizon, const AgentConfig& method) : horizon_(horizon), method_(method) {}

  /// Takes the next iteration; one line for each sign that shows for the first time.
  std::vector<std::string> see(const IterationRow& row);

 private:
  using Metrics = std::map<std::string, double>;
  /// Each says what it sees, or nothing.
  std::optional<std::string> imagined_too_high(const Metrics& metrics);
  std::optional<std::string> collapsed(const Metrics& metrics);
  std::optional<std::string> short_episodes(const Metrics& metrics) const;
  std::optional<std::string> useless_model(const Metrics& metrics) const;
  /// The method's advice behind what leads to it; empty where it has none.
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
  std::array<Watch, 4> watches_;
};

}  // namespace reverie
