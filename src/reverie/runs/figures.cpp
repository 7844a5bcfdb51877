#include <reverie/runs/figures.h>

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace reverie {

std::string Figure::text(double value) const {
  if (decimals) return fmt::format("{:.{}f}", value, digits);
  std::string text = fmt::format("{:#.{}g}", value, digits);  // 1.00, not 1
  if (text.back() == '.') text.pop_back();
  return text;
}

const std::vector<Figure>& learning_figures() {
  static const std::vector<Figure> figures = {
      {"return/real", "real return", "", 1, true},
      {"return/imagined", "imagined return", "", 1, true},
      {"eval/return", "evaluation", "", 1, true},
      {"episode/length", "episode length", "episode_length", 0, true},
      {"model/new_data_error", "error on new data", "new_data_error", 2},
      {"policy/std", "std", "policy_std", 3},
      {"policy/saturated", "saturated actions", "saturated_actions", 2},
      {"policy/kl", "kl", "", 2},
  };
  return figures;
}

std::string in_words(const Figure& figure, const Metrics& metrics) {
  const auto found = metrics.find(figure.metric);
  if (found == metrics.end()) return figure.name + " -";
  const auto random = metrics.find(kRandomActions);
  const bool of_random =
      figure.metric == "return/real" && random != metrics.end() && random->second > 0;
  return fmt::format("{} {}{}", figure.name, figure.text(found->second),
                     of_random ? " (random actions)" : "");
}

std::string in_words(std::string_view metric, const Metrics& metrics) {
  const auto& figures = learning_figures();
  const auto found = std::find_if(figures.begin(), figures.end(),
                                  [&](const Figure& one) { return one.metric == metric; });
  if (found == figures.end()) throw std::invalid_argument("no figure of learning");
  return in_words(*found, metrics);
}

}  // namespace reverie
