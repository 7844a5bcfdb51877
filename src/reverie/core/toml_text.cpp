#include <reverie/core/toml_text.h>

#include <reverie/core/error.h>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>
#include <vector>

namespace reverie {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r";
  const size_t begin = text.find_first_not_of(blank);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(blank) + 1 - begin);
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// `key = name`, whose value lacks its quotes: "text goes in quotes: key = "name"". Else nothing.
std::string quotes_missing(std::string_view line) {
  const size_t equals = line.find('=');
  if (equals == line.npos) return {};
  const std::string_view key = trimmed(line.substr(0, equals));
  std::string_view value = line.substr(equals + 1);
  value = trimmed(value.substr(0, value.find('#')));
  if (value.starts_with('[') && value.find_first_of("\"'") == value.npos) {
    value = trimmed(value.substr(1, value.find_first_of(",]") - 1));
    if (value.empty() || !std::isalpha(static_cast<unsigned char>(value[0]))) return {};
    return fmt::format("each text goes in quotes: {} = [\"{}\", ...]", key, value);
  }
  if (value.empty() || value.find_first_of("\"'{}[],=") != value.npos) return {};
  if (!std::isalpha(static_cast<unsigned char>(value[0]))) return {};
  for (const auto& [written, meant] : {std::pair{"True", "true"}, std::pair{"False", "false"},
                                       std::pair{"TRUE", "true"}, std::pair{"FALSE", "false"}})
    if (value == written) return fmt::format("TOML writes {} = {}", key, meant);
  return fmt::format("a text goes in quotes: {} = \"{}\"", key, value);
}

/// The line, from 1, on which [name] stands, where there is one; 0: none.
size_t line_of_table(const std::vector<std::string_view>& lines, std::string_view name) {
  const std::string header = fmt::format("[{}]", name);
  for (size_t i = 0; i < lines.size(); ++i)
    if (trimmed(lines[i]).starts_with(header)) return i + 1;
  return 0;
}

}  // namespace

toml::table parse_toml(std::string_view text, std::string_view file) {
  try {
    return toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    const std::string_view said = error.description();
    const auto lines = lines_of(text);
    // A list of tables, one of whose entries has single brackets: it may stand above the place at
    // which that shows.
    const bool two_kinds = said.find("redefine") != said.npos && said.find("arra") != said.npos;
    const size_t from = said.find('\'') + 1, to = said.find('\'', from);
    if (two_kinds && from != 0 && to != said.npos) {
      const std::string_view name = said.substr(from, to - from);
      if (const size_t line = line_of_table(lines, name))
        throw UsageError(fmt::format(
            "{}:{}:1: [{}] stands beside [[{}]], of which there may be several: write [[{}]] here",
            file, line, name, name, name));
    }
    const auto at = error.source().begin;
    const std::string hint =
        at.line >= 1 && at.line <= lines.size() ? quotes_missing(lines[at.line - 1]) : "";
    throw UsageError(fmt::format("{}:{}:{}: {}", file, at.line, at.column,
                                 hint.empty() ? std::string(said) : hint));
  }
}

}  // namespace reverie
