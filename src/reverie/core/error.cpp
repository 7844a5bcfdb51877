#include <reverie/core/error.h>

#include <algorithm>
#include <numeric>

namespace reverie {
namespace {

/// Levenshtein's distance: single-character insertions, deletions and replacements.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

std::string_view last_part(std::string_view name) {
  const auto at = name.find_last_of("./");
  return at == std::string_view::npos ? name : name.substr(at + 1);
}

}  // namespace

std::vector<std::string> nearest(std::string_view wrong, const std::vector<std::string>& names) {
  std::vector<std::pair<size_t, std::string>> scored;
  for (const auto& name : names) {
    // A key is often misspelt in its last part, or given without its group or suite.
    size_t distance =
        std::min(edit_distance(wrong, name), edit_distance(last_part(wrong), last_part(name)) + 1);
    if (wrong.size() >= 3 && name.find(wrong) != std::string::npos)
      distance = std::min<size_t>(distance, 1);
    if (distance <= std::max<size_t>(2, wrong.size() / 3)) scored.emplace_back(distance, name);
  }
  std::stable_sort(scored.begin(), scored.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> result;
  for (const auto& [distance, name] : scored)
    if (result.size() < 3 && std::find(result.begin(), result.end(), name) == result.end())
      result.push_back(name);
  return result;
}

std::string did_you_mean(std::string_view wrong, const std::vector<std::string>& names) {
  const auto near = nearest(wrong, names);
  if (near.empty()) return "";
  std::string text = "; did you mean ";
  for (size_t i = 0; i < near.size(); ++i) {
    if (i > 0) text += i + 1 == near.size() ? " or " : ", ";
    text += "'" + near[i] + "'";
  }
  return text + "?";
}

}  // namespace reverie
