// The figures that show how well a run learns (docs/learning.md): names and number of digits, the
// same wherever they are shown.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace reverie {

struct Figure {
  std::string metric;   ///< Name in the store and TensorBoard.
  std::string name;     ///< Name shown to people.
  std::string summary;  ///< Key in summary.json; empty: not in it.
  int digits = 0;       ///< Significant digits; with `decimals` (returns, lengths): decimal places.
  bool decimals = false;

  /// Formats a value with these digits: "0.0012", "-1234.5".
  std::string text(double value) const;
};

/// All figures, in display order.
const std::vector<Figure>& learning_figures();

/// Set to 1 in an iteration whose real actions were random: its return is not a policy's.
inline constexpr const char* kRandomActions = "collect/random_actions";
/// Likewise where a policy of its own explored.
inline constexpr const char* kExplorer = "collect/explorer";

using Metrics = std::map<std::string, double>;

/// What a reader should know beside a figure's value: whose return it is where it is not the
/// policy's, or that imagined episodes are shorter than real ones. " (…)", or empty.
std::string remark(const Figure& figure, const Metrics& metrics);

/// "std 0.251", or "std -" where the metrics lack it. With its remark.
std::string in_words(const Figure& figure, const Metrics& metrics);
std::string in_words(std::string_view metric, const Metrics& metrics);

}  // namespace reverie
