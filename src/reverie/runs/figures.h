// The figures that tell how well a run learns (docs/learning.md): their names and digits, which are
// the same wherever they are shown.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace reverie {

struct Figure {
  std::string metric;   ///< As the store and TensorBoard have it.
  std::string name;     ///< As people read it.
  std::string summary;  ///< Its key in summary.json; empty: it is not there.
  int digits = 0;       ///< Significant ones. Returns and lengths: the decimals.
  bool decimals = false;

  /// In so many digits: "0.0012", "-1234.5".
  std::string text(double value) const;
};

/// All, in the order in which they are shown.
const std::vector<Figure>& learning_figures();

/// Set to 1 in an iteration whose real actions were random: its return is no policy's.
inline constexpr const char* kRandomActions = "collect/random_actions";

using Metrics = std::map<std::string, double>;

/// "std 0.251", or "std -" where the metrics have none. The return of random actions says so.
std::string in_words(const Figure& figure, const Metrics& metrics);
std::string in_words(std::string_view metric, const Metrics& metrics);

}  // namespace reverie
