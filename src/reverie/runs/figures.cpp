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
  return fmt::format("{} {}{}", figure.name, figure.text(found->second), remark(figure, metrics));
}

std::string remark(const Figure& figure, const Metrics& metrics) {
  const auto value = [&metrics](const char* name) {
    const auto found = metrics.find(name);
    return found == metrics.end() ? 0.0 : found->second;
  };
  if (figure.metric == "return/real" && value(kRandomActions) > 0) return " (random actions)";
  if (figure.metric == "return/real" && value(kExplorer) > 0) return " (the explorer's)";
  const double imagined = value("imagination/episode_length"), real = value("episode/length");
  if (figure.metric == "return/imagined" && imagined > 0 && imagined < 0.99 * real)
    return fmt::format(" (in {:.0f} steps)", imagined);
  return {};
}

std::string in_words(std::string_view metric, const Metrics& metrics) {
  const auto& figures = learning_figures();
  const auto found = std::find_if(figures.begin(), figures.end(),
                                  [&](const Figure& one) { return one.metric == metric; });
  if (found == figures.end()) throw std::invalid_argument("no figure of learning");
  return in_words(*found, metrics);
}

}  // namespace reverie
